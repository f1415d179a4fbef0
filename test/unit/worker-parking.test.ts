// Who may run, who waits and how: slots, one job an organization, pauses, retries, and the limit of what is held.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { aPlan, aSet, claimed } from '../conformance/state/fixtures.ts';
import { aGate, aRig, LEASE_MS, requestOf, type Rig } from './worker-rig.ts';

/** The jobs in the order in which they were claimed. */
async function claimOrder(rig: Rig, organizationId: string): Promise<string[]> {
  const jobs = await rig.state.jobs.list({ organizationId });
  return jobs
    .filter(({ startedAt }) => startedAt !== undefined)
    .sort((a, b) => Number((a.startedAt ?? 0n) - (b.startedAt ?? 0n)))
    .map(({ jobId }) => jobId);
}

const blip = (): TransientError => new TransientError('warehouse_unavailable', 'the warehouse was away');

test('no more jobs run at once than there are slots, and every job gets its turn', async (t) => {
  const rig = await aRig(t);
  const names = Array.from({ length: 9 }, (_, at) => `org-${at}`);
  const gate = aGate();
  await rig.organizations(names, { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { maxConcurrentJobs: 3 });
  for (const name of names) rig.publish(name, 'job');
  await rig.clock.advance(600_000);
  assert.equal(rig.reading.get('a')?.now.length, 3);
  assert.deepEqual([a.worker.state().running, a.worker.state().held], [3, 9]);
  gate.open();
  await rig.untilEvents('acked', 9);
  assert.equal(rig.reading.get('a')?.most, 3);
  assert.equal(rig.broker.eventsOf('delivered').length, 9);
});

test('jobs of one organization run one after the other in the order of their arrival, each as soon as the one before has ended', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const gates = Array.from({ length: 4 }, aGate);
  const jobs = ['first', 'second', 'third', 'fourth'];
  rig.start('a');
  rig.scripts.set('acme', { kind: 'reads', until: gates[0]!.opened });
  for (const job of jobs) rig.publish('acme', job);
  for (const [at, job] of jobs.entries()) {
    await rig.untilJob('acme', job, 'IN_PROGRESS');
    await rig.clock.advance(90_000);
    assert.deepEqual(rig.reading.get('a')?.now, ['acme']);
    rig.scripts.set('acme', { kind: 'reads', until: gates[at + 1]?.opened ?? Promise.resolve() });
    const endedMs = rig.clock.nowMs();
    gates[at]!.open();
    const next = jobs[at + 1];
    if (next === undefined) break;
    await rig.untilJob('acme', next, 'IN_PROGRESS');
    assert.ok(rig.clock.nowMs() - endedMs <= 1_000, 'the next job waited for its poll');
  }
  await rig.untilEvents('acked', 4);
  assert.deepEqual(await claimOrder(rig, 'acme'), jobs);
  assert.equal(rig.reading.get('a')?.most, 1);
});

test('parked messages take no slot: another organization runs while five wait', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  await rig.organizations(['globex']);
  const a = rig.start('a', { maxConcurrentJobs: 2 });
  for (const job of ['1', '2', '3', '4', '5', '6']) rig.publish('acme', job);
  await rig.clock.advance(120_000);
  assert.deepEqual([a.worker.state().running, a.worker.state().parked], [1, 5]);
  rig.publish('globex', 'job');
  const sentMs = rig.clock.nowMs();
  await rig.untilJob('globex', 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - sentMs < 1_000);
});

test('waiting is counted once and a job put on record once, however often the waiting message looks', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  const a = rig.start('a');
  rig.publish('acme', 'first');
  rig.publish('acme', 'second');
  await rig.clock.advance(3_600_000);
  assert.deepEqual(a.decisions, ['claimed', 'parked']);
  const admitted = rig.broker.eventsOf('elsewhere').filter(({ what }) => what === 'jobs.admit');
  assert.equal(admitted.length, 2);
});

test('a paused organization starts nothing and takes no slot; resumed, its job runs at the next look', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex']);
  await rig.state.organizations.pause('acme');
  const a = rig.start('a', { maxConcurrentJobs: 1 });
  rig.publish('acme', 'job');
  rig.publish('globex', 'job');
  await rig.untilJob('globex', 'job', 'SUCCESS');
  await rig.clock.advance(3_600_000);
  assert.deepEqual([(await rig.job('acme', 'job'))?.status, a.worker.state().parked], ['QUEUED', 1]);
  await rig.state.organizations.resume('acme');
  const resumedMs = rig.clock.nowMs();
  await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - resumedMs <= LEASE_MS / 2);
  assert.equal(rig.broker.eventsOf('delivered').length, 2);
});

test('a pause stops the running job at its next checkpoint; its message is kept and the job resumes as what it was', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a');
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  await rig.state.organizations.pause('acme');
  const stopped = await rig.untilJob('acme', 'job', 'QUEUED');
  assert.deepEqual([stopped.attempts, stopped.interruptions], [0, 1]);
  await rig.state.organizations.resume('acme');
  gate.open();
  await rig.untilJob('acme', 'job', 'SUCCESS');
  await rig.untilEvents('acked', 1);
  assert.deepEqual(
    a.ended.map(({ outcome }) => outcome),
    ['interrupted', 'success'],
  );
  assert.equal(rig.broker.eventsOf('delivered').length, 1);
});

test('pausing everything stops every running job at its next checkpoint and starts none; resumed, all of them end', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme', 'globex'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { maxConcurrentJobs: 1 });
  for (const name of ['acme', 'globex']) rig.publish(name, 'job');
  await rig.clock.until(() => rig.runs.length === 1, 'a run');
  assert.equal((await rig.state.organizations.pauseAll()).length, 2);
  await rig.clock.until(() => a.ended.length === 1, 'the run to stop');
  await rig.clock.advance(600_000);
  assert.deepEqual([a.ended[0]?.outcome, rig.runs.length], ['interrupted', 1]);
  gate.open();
  assert.equal((await rig.state.organizations.resumeAll()).length, 2);
  for (const name of ['acme', 'globex']) await rig.untilJob(name, 'job', 'SUCCESS');
});

test('a cancelled job stops within one heartbeat and its message is acked', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  rig.start('a');
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  await rig.clock.advance(30_000);
  assert.deepEqual(await rig.state.jobs.requestCancel({ organizationId: 'acme', jobId: 'job' }), {
    kind: 'requested',
  });
  const askedMs = rig.clock.nowMs();
  await rig.untilJob('acme', 'job', 'CANCELLED');
  assert.ok(rig.clock.nowMs() - askedMs <= (LEASE_MS / 3) * 1.1);
  await rig.untilEvents('acked', 1);
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
});

test('a failed attempt is on record, waits without a slot and runs again when it is due', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex']);
  rig.scripts.set('acme', { kind: 'fails', error: blip(), times: 2 });
  const a = rig.start('a', { maxConcurrentJobs: 1 });
  rig.publish('acme', 'job');
  const failed = await rig.clock.until(async () => {
    const job = await rig.job('acme', 'job');
    return job?.attempts === 1 && job;
  }, 'the first attempt to fail');
  assert.deepEqual([failed.status, failed.errorReason], ['QUEUED', 'warehouse_unavailable']);
  assert.ok((failed.nextAttemptAt ?? 0n) >= failed.updatedAt);
  rig.publish('globex', 'job');
  await rig.untilJob('globex', 'job', 'SUCCESS');
  const done = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.equal(done.attempts, 2);
  await rig.untilEvents('acked', 2);
  assert.deepEqual(
    a.ended.filter(({ organizationId }) => organizationId === 'acme').map(({ outcome }) => outcome),
    ['waiting', 'waiting', 'success'],
  );
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
  assert.equal(rig.broker.eventsOf('delivered').length, 2);
});

test('a job that waits for its next attempt lets the next job of its organization run', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const slow = new TransientError('warehouse_unavailable', 'away for long', { retryAfterMs: 600_000 });
  rig.scripts.set('acme', { kind: 'fails', error: slow, times: 1 });
  rig.start('a');
  rig.publish('acme', 'first');
  await rig.clock.until(async () => (await rig.job('acme', 'first'))?.attempts === 1, 'the first to fail');
  rig.publish('acme', 'second');
  await rig.untilJob('acme', 'second', 'SUCCESS');
  assert.equal((await rig.job('acme', 'first'))?.status, 'QUEUED');
  await rig.untilJob('acme', 'first', 'SUCCESS');
});

test('a retry survives its replica: whoever gets the message waits until it is due', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const slow = new TransientError('quota_exceeded', 'no quota', { retryAfterMs: 400_000 });
  rig.scripts.set('acme', { kind: 'fails', error: slow, times: 1 });
  const a = rig.start('a');
  rig.publish('acme', 'job');
  const waiting = await rig.clock.until(async () => {
    const job = await rig.job('acme', 'job');
    return job?.attempts === 1 && job;
  }, 'the first attempt to fail');
  a.subscriber.cut();
  a.setDatabase('silent');
  rig.start('b');
  const done = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.deepEqual(
    rig.runs.map(({ replica }) => replica),
    ['a', 'b'],
  );
  assert.ok((done.finishedAt ?? 0n) >= (waiting.nextAttemptAt ?? 0n), 'it ran before it was due');
  assert.deepEqual([done.attempts, done.interruptions], [1, 0]);
});

test('an attempt too many fails the job with its reason, and the message is acked', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  rig.scripts.set('acme', { kind: 'fails', error: new TypeError('boom'), times: 99 });
  rig.start('a', { maxRetries: 2 });
  rig.publish('acme', 'job');
  const failed = await rig.untilJob('acme', 'job', 'FAILED');
  assert.deepEqual([failed.errorReason, rig.runs.length], ['unknown', 3]);
  await rig.untilEvents('acked', 1);
});

test('above the limit of parked messages those of waiting jobs are given back, counted, and come again until they have run', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { parkedLimit: 2 });
  const jobs = ['1', '2', '3', '4', '5', '6'];
  for (const job of jobs) rig.publish('acme', job);
  await rig.untilEvents('nacked', 3);
  assert.equal(a.worker.state().parked, 2);
  assert.equal(a.decisions.filter((decision) => decision === 'nacked_over_limit').length, 3);
  for (const job of jobs)
    assert.ok(await rig.job('acme', job), `${job} was given back before it was on record`);
  await rig.clock.advance(60_000);
  assert.ok(a.worker.state().parked <= 2);
  gate.open();
  await rig.untilJob('acme', '6', 'SUCCESS');
  await rig.clock.until(() => rig.broker.unacked().length === 0, 'every message to be acked');
});

test('one organization with a long queue does not keep the others waiting, even when the broker sends no more than can be held', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads', until: aGate().opened });
  await rig.organizations(['globex']);
  rig.start('a', { maxConcurrentJobs: 2, parkedLimit: 3, maxOutstanding: 7 });
  for (let job = 0; job < 50; job += 1) rig.publish('acme', `job-${job}`);
  await rig.clock.advance(5_000);
  rig.publish('globex', 'job');
  const sentMs = rig.clock.nowMs();
  await rig.untilJob('globex', 'job', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - sentMs < 1_000, `waited ${rig.clock.nowMs() - sentMs} ms`);
});

test('a message that follows a run elsewhere is never given back, whatever the limit', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme', 'globex', 'initech'], { kind: 'reads', until: gate.opened });
  rig.start('a');
  const ids = ['acme', 'globex', 'initech'].map((name) => rig.publish(name, 'job', { to: 'a' }));
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 3, 'three jobs to read');
  const b = rig.start('b', { parkedLimit: 0 });
  for (const id of ids) rig.broker.duplicate(id, b.subscriber);
  await rig.clock.advance(3_600_000);
  assert.equal(b.worker.state().parked, 3);
  gate.open();
  await rig.untilEvents('acked', 6);
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
});

test('a job that needs an operator is neither run nor given back, and runs once it is resolved', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  await rig.state.jobs.admit(requestOf('acme', 'job'), undefined);
  const { lease } = claimed(await rig.state.jobs.claim(requestOf('acme', 'job'), 'earlier', 1_000));
  await rig.state.jobs.storePlan(lease, aPlan());
  assert.equal((await rig.state.jobs.decide(lease, 1, aSet(lease))).kind, 'decided');
  await rig.state.jobs.needOperator(lease, 'nobody can tell');
  const a = rig.start('a', { parkedLimit: 0 });
  rig.publish('acme', 'job');
  await rig.clock.advance(3_600_000);
  assert.deepEqual([rig.runs.length, a.worker.state().parked], [0, 1]);
  await rig.state.jobs.resolveNotCommitted(lease);
  await rig.untilJob('acme', 'job', 'SUCCESS');
  await rig.untilEvents('acked', 1);
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
});
