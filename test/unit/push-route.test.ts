// POST /push: a 2xx only once the job has ended, 400 with every violation, and nothing without the token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { aPushService } from '../support/push-service.ts';
import { aGate } from './worker-rig.ts';

const JOB = JSON.stringify({ organization_id: 'acme', job_id: 'job' });
const KEY = { organizationId: 'acme', jobId: 'job' };

test('a push is answered 200 after its job has succeeded and not before; another push of the message meanwhile gets 429', async (t) => {
  const service = await aPushService(t);
  const end = aGate();
  await service.organization('acme', { kind: 'reads', until: end.opened });
  let answered = false;
  const answer = service.push('1', JOB).finally(() => (answered = true));
  await eventually(async () => (await service.state.jobs.find(KEY))?.status === 'IN_PROGRESS', {
    describe: 'the job to run',
  });
  assert.equal((await service.push('1', JOB)).status, 429);
  assert.equal(answered, false);
  end.open();
  assert.equal((await answer).status, 200);
  assert.equal((await service.state.jobs.find(KEY))?.status, 'SUCCESS');
});

test('a job that outlasts what Pub/Sub waits is answered 503 and goes on; the redelivery gets the 200', async (t) => {
  const service = await aPushService(t, { holdMs: 200 });
  const end = aGate();
  await service.organization('acme', { kind: 'reads', until: end.opened });
  assert.equal((await service.push('1', JOB)).status, 503);
  assert.equal((await service.state.jobs.find(KEY))?.status, 'IN_PROGRESS');
  end.open();
  await eventually(async () => (await service.state.jobs.find(KEY))?.status === 'SUCCESS', {
    describe: 'the job to succeed',
  });
  assert.equal((await service.push('1', JOB)).status, 200);
  assert.equal((await service.state.jobs.find(KEY))?.leaseEpoch, 1, 'it ran twice');
});

test('a job that failed for good is done with: 200, so that it does not come again', async (t) => {
  const service = await aPushService(t);
  assert.equal((await service.push('1', JOB)).status, 200);
  assert.equal((await service.state.jobs.find(KEY))?.errorReason, 'unknown_organization');
});

test('an invalid message is answered 400 with every violation and dead-lettered once, however often it comes', async (t) => {
  const service = await aPushService(t);
  for (let time = 0; time < 3; time += 1) {
    const { status, body } = await service.push('1', '{"organization_id": "", "unknown": 1}');
    assert.equal(status, 400);
    assert.ok(body.error?.reason === 'invalid_message');
    assert.ok(body.error.violations.length >= 3, JSON.stringify(body));
  }
  assert.deepEqual(
    service.deadLetters.map(({ reason }) => reason),
    ['invalid_message'],
  );
});

test('a message too large for a job is dead-lettered, not only refused', async (t) => {
  const service = await aPushService(t);
  assert.equal((await service.push('1', 'x'.repeat(1_000_000))).status, 400);
  assert.deepEqual(
    service.deadLetters.map(({ reason }) => reason),
    ['message_too_large'],
  );
});

test('without the token, or from another subscription, nothing is read, recorded or dead-lettered', async (t) => {
  const service = await aPushService(t);
  assert.equal((await service.push('1', JOB, { token: undefined })).status, 401);
  assert.equal((await service.push('2', 'bad', { token: service.token({ aud: 'other' }) })).status, 401);
  assert.equal(
    (await service.push('3', JOB, { subscription: 'projects/p/subscriptions/other' })).status,
    403,
  );
  assert.equal(await service.state.jobs.find(KEY), undefined);
  assert.deepEqual(service.deadLetters, []);
});

test('a worker that drains answers 503: what had begun is to be sent again, and so is what comes after', async (t) => {
  const service = await aPushService(t);
  await service.organization('acme', { kind: 'reads', until: aGate().opened });
  const answer = service.push('1', JOB);
  await eventually(async () => (await service.state.jobs.find(KEY))?.status === 'IN_PROGRESS', {
    describe: 'the job to run',
  });
  await service.worker.drain();
  assert.equal((await answer).status, 503);
  assert.equal((await service.state.jobs.find(KEY))?.status, 'QUEUED');
  assert.equal((await service.push('2', JOB)).status, 503);
});
