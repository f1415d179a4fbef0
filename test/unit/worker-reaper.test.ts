// Jobs whose message nobody holds any more are published again, by one replica, and by nobody while somebody holds it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { reapSilentJobs } from '../../src/worker/reaper.ts';
import { aGate, aRig, LEASE_MS, requestOf } from './worker-rig.ts';

const REAPING = { tasks: [reapSilentJobs] };

test('a job without a message is published again by one of two replicas, and runs', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex']);
  for (const name of ['acme', 'globex']) await rig.state.jobs.admit(requestOf(name, 'job'), undefined);
  const [a, b] = [rig.start('a', REAPING), rig.start('b', REAPING)];
  for (const name of ['acme', 'globex']) await rig.untilJob(name, 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() <= 6 * LEASE_MS);
  await rig.clock.advance(1_800_000);
  assert.equal(rig.broker.eventsOf('published').length, 2);
  assert.equal(a.republished.length + b.republished.length, 2);
  assert.equal(rig.runs.length, 2);
});

test('two replicas publish a silent job once in two leases, not once each', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  // Nothing is delivered, so nothing but the other's round can keep the second from publishing.
  for (const name of ['a', 'b']) rig.start(name, REAPING).subscriber.cut();
  const published = await rig.untilEvents('published', 5);
  const gapsMs = published.slice(1).map(({ atMs }, at) => atMs - (published[at]?.atMs ?? 0));
  assert.ok(
    gapsMs.every((gapMs) => gapMs > 2 * LEASE_MS),
    gapsMs.join(),
  );
});

test('what is published again asks for the same job: type, window and requester', async (t) => {
  const rig = await aRig(t);
  const request = {
    ...requestOf('nobody', 'job'),
    jobType: 'repair' as const,
    window: { start: 1_767_225_600_000_001n, end: 1_767_225_600_000_002n },
    requestedBy: 'somebody "else"',
  };
  await rig.state.jobs.admit(request, undefined);
  rig.start('a', REAPING);
  const [published] = await rig.untilEvents('published', 1);
  assert.deepEqual(rig.broker.contentOf(published?.messageId ?? ''), {
    organization_id: 'nobody',
    job_id: 'job',
    job_type: 'repair',
    window: { start: '2026-01-01T00:00:00.000001Z', end: '2026-01-01T00:00:00.000002Z' },
    requested_by: 'somebody "else"',
  });
  // It is a message like any other.
  assert.equal((await rig.untilJob('nobody', 'job', 'FAILED')).errorReason, 'unknown_organization');
});

test('a job whose worker died and whose message was lost is found and taken over', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  assert.equal((await rig.state.jobs.claim(requestOf('acme', 'job'), 'dead', LEASE_MS)).kind, 'claimed');
  rig.start('a', REAPING);
  const job = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.deepEqual([job.attempts, job.interruptions], [0, 1]);
});

test('what anybody holds is left alone: running, behind another, waiting for its next attempt, in a paused organization', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  const error = new TransientError('quota_exceeded', 'later', { retryAfterMs: 7_200_000 });
  await rig.organizations(['globex'], { kind: 'fails', error, times: 1 });
  await rig.organizations(['initech']);
  await rig.state.organizations.pause('initech');
  const [a, b] = [rig.start('a', REAPING), rig.start('b', REAPING)];
  for (const [name, job] of [
    ['acme', '1'],
    ['acme', '2'],
    ['globex', '1'],
    ['initech', '1'],
  ] as const)
    rig.publish(name, job);
  await rig.clock.advance(3_600_000);
  assert.deepEqual([...a.republished, ...b.republished], []);
});

test('a job of a paused organization rings for nobody; resumed, it is published again', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  await rig.state.organizations.pause('acme');
  const a = rig.start('a', REAPING);
  await rig.clock.advance(3_600_000);
  assert.deepEqual(a.republished, []);
  await rig.state.organizations.resume('acme');
  await rig.untilJob('acme', 'job', 'SUCCESS');
});

test('a publication that fails is told and made up for two leases later', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  const a = rig.start('a', REAPING);
  rig.broker.refusePublications('no such topic');
  await rig.clock.until(() => a.troubles.length > 0, 'the first try');
  assert.match(a.troubles[0] ?? '', /looking for jobs without a message failed: no such topic/);
  assert.deepEqual(a.republished, []);
  rig.broker.refusePublications();
  const failedMs = rig.clock.nowMs();
  await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - failedMs <= 5 * LEASE_MS);
});

test('a database outage interrupts the rounds and ends none of them', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  const a = rig.start('a', REAPING);
  a.setDatabase('refuses');
  await rig.clock.advance(1_800_000);
  assert.equal((await rig.job('acme', 'job'))?.status, 'QUEUED');
  a.setDatabase('none');
  await rig.untilJob('acme', 'job', 'SUCCESS');
});

test('a draining worker publishes nothing more', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a', REAPING);
  await rig.clock.advance(1_000);
  void a.worker.drain();
  await rig.clock.advance(1_000);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  await rig.clock.advance(3_600_000);
  assert.equal(a.worker.state().phase, 'stopped');
  assert.equal(rig.broker.eventsOf('published').length, 0);
});
