// What the worker does with a delivery is decided by the job's row, never by the message: one job, one run, every message answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aGate, aRig, requestOf, type Rig } from './worker-rig.ts';

/** Positions in the broker's log, so that "before" means before everywhere. */
function positionOf(rig: Rig, what: (event: Rig['broker']['events'][number]) => boolean): number {
  const at = rig.broker.events.findIndex(what);
  assert.ok(at >= 0, 'the log holds no such event');
  return at;
}

test('one message delivered five times to three replicas is run once and acked five times after its end, never nacked', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: end.opened });
  const [a, b, c] = [rig.start('a'), rig.start('b'), rig.start('c')];
  const id = rig.publish('acme', 'job', { to: 'a' });
  await rig.untilJob('acme', 'job', 'IN_PROGRESS');
  rig.broker.duplicate(id, b.subscriber);
  rig.broker.duplicate(id, c.subscriber);
  await rig.clock.advance(300_000);
  assert.deepEqual(b.decisions, ['parked']);
  assert.deepEqual(c.decisions, ['parked']);
  assert.equal(rig.broker.eventsOf('acked').length, 0);

  end.open();
  await rig.untilEvents('acked', 3);
  rig.broker.duplicate(id, a.subscriber);
  rig.broker.duplicate(id, b.subscriber);
  await rig.untilEvents('acked', 5);

  assert.equal(rig.runs.length, 1);
  assert.equal(rig.broker.eventsOf('delivered').length, 5);
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
  const success = positionOf(rig, ({ what }) => what === 'jobs.finishEmpty finished');
  const firstAck = positionOf(rig, ({ kind }) => kind === 'acked');
  assert.ok(success < firstAck, 'acked before SUCCESS was committed');
  assert.deepEqual(rig.broker.unacked(), []);
  const job = await rig.job('acme', 'job');
  assert.deepEqual([job?.attempts, job?.interruptions], [0, 0]);
});

test('a job that has ended is acked without a run and without a claim', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const a = rig.start('a');
  rig.publish('acme', 'job');
  await rig.untilEvents('acked', 1);
  rig.publish('acme', 'job');
  await rig.untilEvents('acked', 2);
  assert.deepEqual(a.decisions, ['claimed', 'finished']);
  assert.equal(rig.runs.length, 1);
  assert.equal(rig.broker.events.filter(({ what }) => what?.startsWith('jobs.claim ')).length, 1);
});

test('a redelivery to the replica that runs the job starts nothing, and the newest ack id is the one extended and acked', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: end.opened });
  const a = rig.start('a');
  const id = rig.publish('acme', 'job');
  await rig.untilJob('acme', 'job', 'IN_PROGRESS');
  rig.broker.duplicate(id, a.subscriber);
  await rig.clock.advance(600_000);
  assert.deepEqual(a.decisions, ['claimed', 'adopted']);
  assert.equal(a.worker.state().held, 1);

  end.open();
  await rig.untilEvents('acked', 1);
  assert.deepEqual(
    rig.broker.eventsOf('acked').map(({ valid }) => valid),
    [true],
  );
  assert.ok(rig.broker.eventsOf('extended').every(({ valid }) => valid === true));
  assert.deepEqual([rig.broker.eventsOf('delivered').length, rig.broker.eventsOf('expired').length], [2, 0]);
  assert.equal(rig.runs.length, 1);
});

test('two messages for one job are both held while it runs and both acked at its end', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: end.opened });
  const a = rig.start('a');
  const ids = [rig.publish('acme', 'job'), rig.publish('acme', 'job'), rig.publish('acme', 'job')];
  await rig.clock.advance(3_600_000);
  assert.equal(a.worker.state().held, 1);
  assert.deepEqual(
    ids.map((id) => rig.broker.eventsOf('delivered', id).length),
    [1, 1, 1],
    'a message nobody extended came again',
  );
  end.open();
  await rig.untilEvents('acked', 3);
  assert.deepEqual(rig.broker.unacked(), []);
  assert.equal(rig.runs.length, 1);
});

test('the ack follows the end of the job, whatever end that is', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex']);
  rig.scripts.set('globex', { kind: 'fails', error: new TypeError('boom'), times: 99 });
  const a = rig.start('a', { maxRetries: 0 });
  const acme = rig.publish('acme', 'job');
  const globex = rig.publish('globex', 'job');
  const nobody = rig.publish('nobody', 'job');
  await rig.untilEvents('acked', 3);
  for (const [id, ending] of [
    [acme, 'jobs.finishEmpty finished'],
    [globex, 'jobs.fail failed'],
    [nobody, 'jobs.failUnclaimed failed'],
  ] as const) {
    const ended = positionOf(rig, ({ what }) => what === ending);
    const acked = positionOf(rig, (event) => event.kind === 'acked' && event.messageId === id);
    assert.ok(ended < acked, `${id} was acked before "${ending}"`);
  }
  assert.deepEqual(a.troubles, []);
});

test('a job of an unknown organization fails with that reason, says how to mend it, and its message is acked', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a');
  rig.publish('nobody', 'job');
  await rig.untilEvents('acked', 1);
  const job = await rig.job('nobody', 'job');
  assert.deepEqual([job?.status, job?.errorReason], ['FAILED', 'unknown_organization']);
  assert.match(
    job?.errorMessage ?? '',
    /^organization "nobody" is not configured; add it with org set nobody /,
  );
  assert.deepEqual(a.decisions, ['unknown_organization']);
});

test('a message that follows a run elsewhere takes it over within one lease when its replica dies', async (t) => {
  const rig = await aRig(t);
  const [end, never] = [aGate(), aGate()];
  await rig.organizations(['acme'], { kind: 'reads_on', until: never.opened });
  const a = rig.start('a');
  const id = rig.publish('acme', 'job', { to: 'a' });
  await rig.untilJob('acme', 'job', 'IN_PROGRESS');
  const b = rig.start('b');
  rig.broker.duplicate(id, b.subscriber);
  await rig.clock.advance(120_000);
  const diedMs = rig.clock.nowMs();
  // As if a's process had stopped: it reaches neither database nor broker.
  a.setDatabase('silent');
  a.subscriber.cut();
  rig.scripts.set('acme', { kind: 'reads', until: end.opened });
  await rig.clock.until(() => rig.runs.some(({ replica }) => replica === 'b'), 'b to take over');
  assert.ok(rig.clock.nowMs() - diedMs <= 62_000, `took ${(rig.clock.nowMs() - diedMs) / 1000} s`);
  end.open();
  const job = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.deepEqual([job.attempts, job.interruptions, job.leaseEpoch], [0, 1, 2]);
});

test('a claim whose reply was lost is not run twice: the row is asked again until that lease has run out', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const a = rig.start('a');
  a.setDatabase('loses_replies', /^jobs.claim$/);
  rig.publish('acme', 'job');
  await rig.untilJob('acme', 'job', 'IN_PROGRESS');
  a.setDatabase('none');
  await rig.untilEvents('acked', 1);
  assert.equal(rig.runs.length, 1);
  assert.equal((await rig.job('acme', 'job'))?.status, 'SUCCESS');
});

test('a replica that ended a job and lost the ack acks the redelivery', async (t) => {
  const rig = await aRig(t);
  const end = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: end.opened });
  const a = rig.start('a');
  const id = rig.publish('acme', 'job');
  await rig.untilJob('acme', 'job', 'IN_PROGRESS');
  a.subscriber.cut();
  end.open();
  await rig.untilJob('acme', 'job', 'SUCCESS');
  a.subscriber.reconnect();
  await rig.untilEvents('acked', 1);
  assert.equal(rig.broker.eventsOf('delivered', id).length, 2);
  assert.equal(rig.runs.length, 1);
});

test('a job retried before its worker hears how it ended runs again, and its new message is acked after that run', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'fails', error: new TypeError('boom'), times: 1 });
  const a = rig.start('a', { maxRetries: 0 });
  a.setDatabase('answers_late', /^jobs.runEnd$/);
  rig.publish('acme', 'job');
  await rig.untilJob('acme', 'job', 'FAILED');

  assert.equal((await rig.state.jobs.retry(requestOf('acme', 'job'))).kind, 'queued');
  const second = rig.publish('acme', 'job');
  await rig.untilEvents('delivered', 1, second);
  a.setDatabase('none');

  await rig.untilEvents('acked', 2);
  const success = positionOf(rig, ({ what }) => what === 'jobs.finishEmpty finished');
  const acked = positionOf(rig, ({ kind, messageId }) => kind === 'acked' && messageId === second);
  assert.ok(success < acked, 'the new message was acked for how the first run ended');
  assert.equal(rig.runs.length, 2);
});

test('a message keeps its job on record under the first request for its key', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit({ ...requestOf('acme', 'job'), requestedBy: 'somebody' }, undefined);
  rig.start('a');
  const id = rig.publish('acme', 'job');
  const job = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.deepEqual([job.requestedBy, job.messageId], ['somebody', id]);
});
