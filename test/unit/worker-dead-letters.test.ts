// The dead-letter subscription is filed in the database: once each, acked after the row is there, whatever the message is.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DeadLetterRecord } from '../../src/state/dead-letter-store.ts';
import { fileDeadLetters } from '../../src/worker/file-dead-letters.ts';
import { FakeBroker } from '../support/fake-broker.ts';
import { aRig, requestOf, type Replica, type Rig } from './worker-rig.ts';

/** A worker that files what is published on a second broker. */
async function aFilingWorker(
  t: TestContext,
): Promise<{ rig: Rig; dead: FakeBroker; worker: Replica; letters: () => Promise<DeadLetterRecord[]> }> {
  const rig = await aRig(t);
  const dead = new FakeBroker(rig.clock);
  const worker = rig.start('a', { tasks: [fileDeadLetters(dead.subscriber('a'))] });
  return { rig, dead, worker, letters: () => rig.state.deadLetters.list() };
}

test('an invalid message is filed with what its publisher said of it, and acked once', async (t) => {
  const { rig, dead, letters } = await aFilingWorker(t);
  const violations = ['project is not a known field', 'job_id is required'];
  const attributes = { trace: 'kept', reason: 'invalid_message', violations: JSON.stringify(violations) };
  const messageId = dead.publish({ organization_id: 'acme', project: 'p' }, { attributes });
  await rig.clock.until(() => dead.eventsOf('acked', messageId).length > 0, 'the ack');
  const [letter, ...more] = await letters();
  assert.deepEqual(more, []);
  assert.deepEqual(
    [letter?.source, letter?.messageId, letter?.organizationId, letter?.jobId, letter?.reason],
    ['message', messageId, 'acme', undefined, 'invalid_message'],
  );
  assert.deepEqual(letter?.violations, violations);
  assert.deepEqual(letter.attributes, attributes);
  assert.deepEqual(JSON.parse(letter.message), { organization_id: 'acme', project: 'p' });
});

test('a message that comes again is filed once and acked again', async (t) => {
  const { rig, dead, worker, letters } = await aFilingWorker(t);
  worker.setDatabase('loses_replies', /deadLetters/);
  const messageId = dead.publish('run it', { attributes: { reason: 'not_json', violations: '["x"]' } });
  await rig.clock.advance(1_000);
  assert.deepEqual([dead.eventsOf('acked').length, (await letters()).length], [0, 1], 'not acked on a guess');
  worker.setDatabase('none');
  await rig.clock.until(() => dead.eventsOf('acked', messageId).length === 1, 'the ack');
  assert.equal((await letters()).length, 1);
});

test('while the database is out of reach the message is held and filed afterwards', async (t) => {
  const { rig, dead, worker, letters } = await aFilingWorker(t);
  worker.setDatabase('refuses');
  const messageId = dead.publish('run it');
  await rig.clock.advance(1_800_000);
  assert.deepEqual(
    ['delivered', 'expired', 'nacked', 'acked'].map((kind) => dead.eventsOf(kind as 'acked').length),
    [1, 0, 0, 0],
  );
  assert.equal(worker.troubles.filter((text) => text.startsWith('filing a dead letter')).length, 1);
  worker.setDatabase('none');
  await rig.clock.until(() => dead.eventsOf('acked', messageId).length > 0, 'the ack');
  assert.equal((await letters())[0]?.reason, 'not_json');
});

test('a draining worker gives back what it has not filed', async (t) => {
  const { rig, dead, worker, letters } = await aFilingWorker(t);
  worker.setDatabase('refuses');
  dead.publish('run it');
  await rig.clock.advance(1_000);
  void worker.worker.drain();
  await rig.clock.until(() => worker.worker.state().phase === 'stopped', 'the drain');
  assert.equal(dead.eventsOf('nacked').length, 1);
  assert.deepEqual(await letters(), []);
});

test('what Pub/Sub gave up is filed with how often it was delivered, under its job', async (t) => {
  const { rig, dead, letters } = await aFilingWorker(t);
  const forwarded = {
    CloudPubSubDeadLetterSourceDeliveryCount: '101',
    CloudPubSubDeadLetterSourceSubscription: 'pulse-billing-etl',
  };
  dead.publish({ organization_id: 'acme', job_id: 'j1' }, { attributes: forwarded });
  await rig.clock.until(() => dead.unacked().length === 0, 'the ack');
  const [letter] = await letters();
  assert.deepEqual([letter?.reason, letter?.organizationId, letter?.jobId], ['undeliverable', 'acme', 'j1']);
  assert.deepEqual(letter?.violations, ['delivered 101 times by pulse-billing-etl and never acked']);
});

test('a stranger on the dead-letter topic is filed too: reason unknown, or what the message shows', async (t) => {
  const { rig, dead, letters } = await aFilingWorker(t);
  const valid = { organization_id: 'acme', job_id: 'j1' };
  dead.publish(valid, { attributes: { reason: 'x'.repeat(100), violations: 'no JSON' } });
  dead.publish(Buffer.from([0x22, 0xff]));
  dead.publish(Buffer.alloc(100_000, 'é'));
  await rig.clock.until(() => dead.unacked().length === 0, 'the acks');
  const [large, bytes, strange] = await letters();
  assert.equal(strange?.reason, 'unknown');
  assert.deepEqual([bytes?.reason, bytes?.messageEncoding, bytes?.message], ['not_utf8', 'base64', 'Iv8=']);
  assert.ok(large);
  assert.deepEqual([large.reason, large.attributes], ['message_too_large', { original_bytes: '100000' }]);
  assert.equal(large.messageEncoding, 'utf8');
  assert.equal(Buffer.byteLength(large.message), 65_536);
});

test('the message that tells of a failed job does not file it twice; without its record it is filed', async (t) => {
  const { rig, dead, letters } = await aFilingWorker(t);
  await rig.state.jobs.admit(requestOf('acme', 'j1'), undefined);
  await rig.state.jobs.failUnclaimed(requestOf('acme', 'j1'), 'unknown_organization', 'not configured');
  const attributes = {
    source: 'failed_job',
    reason: 'unknown_organization',
    violations: '["not configured"]',
  };
  dead.publish({ organization_id: 'acme', job_id: 'j1' }, { attributes });
  dead.publish(
    { organization_id: 'acme', job_id: 'of a database that was lost'.replaceAll(' ', '-') },
    { attributes },
  );
  await rig.clock.until(() => dead.unacked().length === 0, 'the acks');
  assert.deepEqual(
    (await letters()).map(({ source, jobId }) => [source, jobId]),
    [
      ['message', 'of-a-database-that-was-lost'],
      ['failed_job', 'j1'],
    ],
  );
});
