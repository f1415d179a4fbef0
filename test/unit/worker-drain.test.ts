// The graceful stop: what never started goes back at once, what runs is handed over at a checkpoint, and nothing holds it up for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aGate, aRig, type Replica, type Rig } from './worker-rig.ts';

/** The number of jobs that had not stopped, and how long the drain took. */
async function drained(rig: Rig, { worker, name }: Replica): Promise<{ unfinished: number; tookMs: number }> {
  const fromMs = rig.clock.nowMs();
  let unfinished: number | undefined;
  void worker.drain().then((count) => (unfinished = count));
  await rig.clock.until(() => unfinished !== undefined, `${name} to drain`);
  return { unfinished: unfinished ?? NaN, tookMs: rig.clock.nowMs() - fromMs };
}

test('a drain gives back what never started, stops what runs at its checkpoint, and another replica goes on at once', async (t) => {
  const rig = await aRig(t, { minimumBackoffMs: 0, maximumBackoffMs: 0 });
  const gate = aGate();
  const names = ['acme', 'globex', 'initech', 'hooli'];
  await rig.organizations(names, { kind: 'reads', until: gate.opened });
  const a = rig.start('a', { maxConcurrentJobs: 2 });
  for (const name of names) rig.publish(name, 'job');
  rig.publish('acme', 'behind');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 2, 'two jobs to read');
  await rig.clock.advance(30_000);
  const from = rig.broker.events.length;
  assert.deepEqual(await drained(rig, a), { unfinished: 0, tookMs: 0 });

  const since = rig.broker.events.slice(from);
  assert.equal(since.filter(({ kind }) => kind === 'nacked').length, 5);
  assert.equal(since.filter(({ kind }) => kind === 'acked').length, 0);
  assert.deepEqual(
    a.ended.map(({ outcome }) => outcome),
    ['interrupted', 'interrupted'],
  );
  assert.equal(a.decisions.filter((decision) => decision === 'released').length, 3);
  assert.deepEqual([rig.runs.length, a.worker.state().phase, a.subscriber.closed], [2, 'stopped', true]);
  // A message is given back only once its job is free for whoever gets it.
  const freed = since.findIndex(({ what }) => what === 'jobs.interrupt released');
  const handedOver = since.findIndex(({ kind, messageId }) => kind === 'nacked' && messageId === 'm1');
  assert.ok(freed >= 0 && freed < handedOver);

  const b = rig.start('b');
  gate.open();
  for (const name of names) {
    const { attempts, leaseOwner } = await rig.untilJob(name, 'job', 'SUCCESS');
    assert.deepEqual([attempts, leaseOwner], [0, 'b-2']);
  }
  await rig.untilEvents('acked', 5);
  assert.deepEqual(b.troubles, []);
});

test('a job that is handed over is published again: another replica need not wait for the backoff of its message', async (t) => {
  const rig = await aRig(t, { minimumBackoffMs: 600_000, maximumBackoffMs: 600_000 });
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  const a = rig.start('a');
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  rig.start('b');
  assert.equal((await drained(rig, a)).unfinished, 0);
  const handedOverMs = rig.clock.nowMs();
  await rig.clock.until(() => rig.reading.get('b')?.now.length === 1, 'the other replica to read');
  assert.ok(rig.clock.nowMs() - handedOverMs < 5_000);
  gate.open();
  assert.equal((await rig.untilJob('acme', 'job', 'SUCCESS')).attempts, 0);
});

test('five roll-outs in one long job: no attempt is counted, and nothing is dead-lettered', async (t) => {
  const rig = await aRig(t);
  const gate = aGate();
  await rig.organizations(['acme'], { kind: 'reads', until: gate.opened });
  rig.publish('acme', 'job');
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const replica = rig.start(name);
    await rig.clock.until(() => rig.reading.get(name)?.now.length === 1, `${name} to read`);
    await rig.clock.advance(20_000);
    assert.equal((await drained(rig, replica)).unfinished, 0);
  }
  rig.start('f');
  gate.open();
  const job = await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.deepEqual([job.attempts, job.interruptions, job.leaseEpoch], [0, 5, 6]);
  assert.deepEqual(rig.broker.deadLetters, []);
});

test('a job that does not stop holds the drain up for the drain timeout and no longer; its lease runs out', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme'], { kind: 'reads_on', until: aGate().opened });
  const a = rig.start('a', { drainTimeoutMs: 25_000 });
  const id = rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  await rig.clock.advance(10_000);
  const drain = await drained(rig, a);
  assert.deepEqual(drain, { unfinished: 1, tookMs: 25_000 });
  assert.deepEqual([...rig.broker.eventsOf('acked', id), ...rig.broker.eventsOf('nacked', id)], []);
  const extended = a.subscriber.extendCalls.length;
  rig.scripts.set('acme', { kind: 'reads', until: Promise.resolve() });
  rig.start('b');
  await rig.untilJob('acme', 'job', 'SUCCESS');
  assert.equal(a.subscriber.extendCalls.length, extended, 'a stopped worker still extends');
});

test('heartbeats go on while a job comes to its end within the drain: it keeps its lease and its message is acked', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme']);
  const a = rig.start('a', { leaseMs: 10_000, drainTimeoutMs: 120_000 });
  // Past its last look at the stop, as a commit is.
  a.setDatabase('silent', /^jobs\.finishEmpty$/);
  const id = rig.publish('acme', 'job');
  await rig.clock.until(() => rig.runs.length === 1, 'the run');
  const b = rig.start('b');
  rig.broker.duplicate(id, b.subscriber);
  void rig.clock.sleep(60_000).then(() => a.setDatabase('none'));
  const { unfinished, tookMs } = await drained(rig, a);
  assert.equal(unfinished, 0);
  assert.ok(tookMs >= 60_000 && tookMs < 61_000);
  assert.deepEqual([a.leasesLost, a.ended.map(({ outcome }) => outcome)], [[], ['success']]);
  await rig.untilEvents('acked', 2, id);
  assert.equal(rig.runs.length, 1, 'somebody took the job over meanwhile');
});

test('a second drain joins the first: one answer for each message, and both resolve with the same', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex'], { kind: 'reads', until: aGate().opened });
  const a = rig.start('a', { maxConcurrentJobs: 1 });
  rig.publish('acme', 'job');
  rig.publish('globex', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'one job to read');
  const first = a.worker.drain();
  const second = a.worker.drain();
  await rig.clock.advance(1_000);
  assert.deepEqual(await Promise.all([first, second, a.worker.drain()]), [0, 0, 0]);
  assert.equal(rig.broker.eventsOf('nacked').length, 2);
});

test('a delivery that arrives after the drain has begun goes straight back', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex'], { kind: 'reads_on', until: aGate().opened });
  const a = rig.start('a');
  rig.publish('acme', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'the job to read');
  void a.worker.drain();
  await rig.clock.advance(1_000);
  const late = rig.publish('globex', 'job');
  rig.broker.duplicate(late, a.subscriber);
  await rig.clock.rest();
  assert.equal(rig.broker.eventsOf('nacked', late).length, 1);
  assert.equal(await rig.job('globex', 'job'), undefined);
});

for (const [what, arrange] of [
  ['a broker that does not answer', ({ subscriber }: Replica) => subscriber.delayAnswers(aGate().opened)],
  ['a silent database', ({ setDatabase }: Replica) => setDatabase('silent')],
  ['a database that refuses', ({ setDatabase }: Replica) => setDatabase('refuses')],
] as const) {
  test(`${what} holds the drain up for the drain timeout at most`, async (t) => {
    const rig = await aRig(t);
    await rig.organizations(['acme', 'globex'], { kind: 'reads', until: aGate().opened });
    const a = rig.start('a', { maxConcurrentJobs: 1, drainTimeoutMs: 25_000 });
    rig.publish('acme', 'job');
    rig.publish('globex', 'job');
    await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'one job to read');
    arrange(a);
    const { tookMs } = await drained(rig, a);
    assert.ok(tookMs <= 25_000, `took ${tookMs / 1000} s`);
    assert.deepEqual(rig.reading.get('a')?.now, []);
  });
}

test('a broker that does not answer does not keep a job from being handed over in the database', async (t) => {
  const rig = await aRig(t);
  await rig.organizations(['acme', 'globex'], { kind: 'reads', until: aGate().opened });
  const a = rig.start('a', { maxConcurrentJobs: 1 });
  rig.publish('acme', 'job');
  rig.publish('globex', 'job');
  await rig.clock.until(() => rig.reading.get('a')?.now.length === 1, 'one job to read');
  a.subscriber.delayAnswers(aGate().opened);
  void a.worker.drain();
  await rig.clock.advance(1_000);
  const job = await rig.job('acme', 'job');
  assert.deepEqual([job?.status, job?.interruptions], ['QUEUED', 1]);
});

test('a worker gives its slot back when it has drained', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a');
  await rig.clock.advance(30_000);
  assert.deepEqual(
    (await rig.state.listWorkers()).map(({ alive }) => alive),
    [true],
  );
  await drained(rig, a);
  assert.deepEqual(
    (await rig.state.listWorkers()).map(({ alive }) => alive),
    [false],
  );
});

test('a worker starts once, and not after it has drained', async (t) => {
  const rig = await aRig(t);
  const a = rig.start('a');
  assert.throws(() => a.worker.start(), /is running and cannot be started/);
  await drained(rig, a);
  assert.throws(() => a.worker.start(), /is stopped and cannot be started/);
  const b = rig.replica('b');
  assert.equal((await drained(rig, b)).unfinished, 0);
});
