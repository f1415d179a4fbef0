// The queue of one organization: whose turn it is when a job ends, wherever the messages of the others are held.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { aGate, aRig, LEASE_MS, type Replica, type Rig } from './worker-rig.ts';

const SOON_MS = 1_000;
/** A look and its jitter. */
const POLL_MS = (LEASE_MS / 3) * 1.1 + SOON_MS;

/** How often replicas asked whose turn it is and were told that it is another's. */
function behindCalls(rig: Rig): number {
  return rig.broker.eventsOf('elsewhere').filter(({ what }) => what === 'jobs.claim behind').length;
}

/** A runs the first job until the gate opens, B holds the message of the second. */
async function aRunsFirstAndBHoldsSecond(
  rig: Rig,
  gate: { opened: Promise<void> },
): Promise<[Replica, Replica]> {
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const [a, b] = [rig.start('a'), rig.start('b')];
  rig.publish('acme', 'first', { to: 'a' });
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the first to read');
  rig.publish('acme', 'second', { to: 'b' });
  await rig.clock.until(() => b.worker.state().parked === 1, 'the second to be parked');
  return [a, b];
}

async function secondsUntilSecondEnds(rig: Rig, gate: { open: () => void }): Promise<number> {
  const endedMs = rig.clock.nowMs();
  gate.open();
  await rig.untilJob('acme', 'second', 'SUCCESS');
  return (rig.clock.nowMs() - endedMs) / 1_000;
}

test('the replica that holds the next job’s message begins it at once when another replica has ended the one before', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  const [a] = await aRunsFirstAndBHoldsSecond(rig, gate);
  a.subscriber.pause();
  assert.ok((await secondsUntilSecondEnds(rig, gate)) <= SOON_MS / 1_000);
  assert.deepEqual(
    rig.runs.map(({ replica }) => replica),
    ['a', 'b'],
  );
  await rig.untilEvents('acked', 3);
  assert.deepEqual([rig.broker.unacked(), rig.broker.eventsOf('nacked').length], [[], 0]);
});

test('a replica that never heard of the next job begins it as soon; the one that holds the older message acks it afterwards', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  const [, b] = await aRunsFirstAndBHoldsSecond(rig, gate);
  b.subscriber.pause();
  assert.ok((await secondsUntilSecondEnds(rig, gate)) <= SOON_MS / 1_000);
  assert.deepEqual(
    rig.runs.map(({ replica }) => replica),
    ['a', 'a'],
  );
  await rig.untilEvents('acked', 3);
  assert.deepEqual([rig.broker.unacked(), rig.broker.eventsOf('nacked').length], [[], 0]);
});

test('the end of the only job of an organization publishes nothing, nor does one whose next job is held here', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex']);
  rig.start('a');
  rig.publish('acme', 'only');
  for (const job of ['first', 'second', 'third']) rig.publish('globex', job);
  await rig.untilEvents('acked', 4);
  await rig.clock.advance(3 * LEASE_MS);
  assert.equal(rig.broker.eventsOf('published').length, 4);
});

test('of six messages that wait behind a job its end has one looked at, and the others go on waiting', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { maxConcurrentJobs: 2 });
  for (let job = 0; job < 7; job += 1) rig.publish('acme', `job-${job}`);
  await rig.clock.until(() => a.worker.state().parked === 6, 'six to be parked');
  assert.equal(behindCalls(rig), 6);
  gate.open();
  await rig.untilEvents('acked', 7);
  assert.equal(behindCalls(rig), 6);
});

test('a job that must wait for its next attempt lets the next job begin at once, on another replica too', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  const [a] = await aRunsFirstAndBHoldsSecond(rig, gate);
  rig.publish('acme', 'third', { to: 'a' });
  await rig.clock.until(() => a.worker.state().parked === 1, 'the third to be parked');
  const slow = new TransientError('warehouse_unavailable', 'away for long', { retryAfterMs: 600_000 });
  rig.scripts.set('acme', { kind: 'fails', error: slow, times: 1 });
  const endedMs = rig.clock.nowMs();
  gate.open();
  await rig.untilJob('acme', 'third', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - endedMs <= 2 * SOON_MS);
  assert.deepEqual(
    [(await rig.job('acme', 'second'))?.status, (await rig.job('acme', 'second'))?.attempts],
    ['QUEUED', 1],
  );
  await rig.untilJob('acme', 'second', 'SUCCESS');
});

test('a job that stops because its organization is paused sends for nobody', async (t) => {
  const rig = await aRig(t);
  const [a] = await aRunsFirstAndBHoldsSecond(rig, aGate());
  await rig.state.organizations.pause('acme');
  await rig.clock.until(() => a.ended.length === 1, 'the first to stop');
  await rig.clock.advance(LEASE_MS);
  assert.equal(rig.broker.eventsOf('published').length, 2);
});

test('what a drained replica held of the queue begins elsewhere as soon as its turn comes, in order', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a');
  const jobs = ['first', 'second', 'third'];
  for (const job of jobs) rig.publish('acme', job);
  await rig.clock.until(() => a.worker.state().parked === 2, 'two to be parked');
  const b = rig.start('b');
  await a.worker.drain();
  gate.open();
  const drainedMs = rig.clock.nowMs();
  await rig.clock.until(
    async () => (await rig.job('acme', 'third'))?.status === 'SUCCESS',
    'the third to end',
  );
  // What was nacked comes again after ten seconds at the earliest.
  assert.ok(rig.clock.nowMs() - drainedMs <= 3 * SOON_MS);
  assert.deepEqual(
    b.ended.map(({ jobId }) => jobId),
    jobs,
  );
});

test('a broker that takes no message costs the next job a look, not its turn', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  const [a] = await aRunsFirstAndBHoldsSecond(rig, gate);
  rig.broker.refusePublications('the topic is gone');
  assert.ok((await secondsUntilSecondEnds(rig, gate)) <= POLL_MS / 1_000);
  assert.match(a.troubles.join(), /next job of an organization .*: the topic is gone/);
});

test('a job whose turn comes while it is being told that it has not come is asked for again at once, and not given back', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { parkedLimit: 0 });
  rig.publish('acme', 'first');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the first to read');
  a.setDatabase('answers_late', /^jobs\.claim$/);
  rig.publish('acme', 'second');
  await rig.clock.until(() => behindCalls(rig) === 1, 'the second to be behind');
  gate.open();
  await rig.untilJob('acme', 'first', 'SUCCESS');
  await rig.clock.advance(SOON_MS);
  a.setDatabase('none');
  const answeredMs = rig.clock.nowMs();
  await rig.untilJob('acme', 'second', 'SUCCESS');
  assert.ok(rig.clock.nowMs() - answeredMs <= SOON_MS);
  assert.equal(rig.broker.eventsOf('nacked').length, 0);
});
