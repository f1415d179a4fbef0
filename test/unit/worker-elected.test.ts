// One replica works for all of them: the oldest that is alive, and another soon after that is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whileElected } from '../../src/worker/elected-task.ts';
import type { BackgroundTask } from '../../src/worker/worker.ts';
import { aRig, LEASE_MS, type Rig } from './worker-rig.ts';

const EVERY_MS = 10_000;
const ROUND = { everyMs: EVERY_MS, share: 0.3, doing: 'working for all' };

/** A task that notes who does it and when. */
function aTask(rig: Rig): { task: BackgroundTask; done: { owner: string; atMs: number }[] } {
  const done: { owner: string; atMs: number }[] = [];
  const task: BackgroundTask = (context, signal) =>
    whileElected(context, signal, ROUND, async () => {
      done.push({ owner: context.settings.owner, atMs: rig.clock.nowMs() });
    });
  return { task, done };
}

for (const [how, end] of [
  ['its process dies', 'silent'],
  ['it is cut off from the database', 'refuses'],
] as const)
  test(`of three replicas the oldest works for all; once ${how} the next begins within two leases, and only that one`, async (t) => {
    const rig = await aRig(t);
    const { task, done } = aTask(rig);
    const [a] = ['a', 'b', 'c'].map((name) => rig.start(name, { tasks: [task] }));
    await rig.clock.advance(10 * EVERY_MS);
    assert.deepEqual(new Set(done.map(({ owner }) => owner)), new Set(['a-1']));
    assert.ok(done.length >= 7, `${done.length} rounds`);

    a?.setDatabase(end);
    const endedMs = rig.clock.nowMs();
    done.length = 0;
    await rig.clock.advance(2 * LEASE_MS + EVERY_MS);
    const next = done.find(({ owner }) => owner !== 'a-1');
    assert.equal(next?.owner, 'b-2');
    assert.ok(next.atMs - endedMs <= 2 * LEASE_MS, `${next.atMs - endedMs} ms`);
    await rig.clock.advance(10 * EVERY_MS);
    assert.deepEqual(new Set(done.slice(1).map(({ owner }) => owner)), new Set(['b-2']));
  });

test('a replica that drains is followed at once by the next', async (t) => {
  const rig = await aRig(t);
  const { task, done } = aTask(rig);
  const a = rig.start('a', { tasks: [task] });
  rig.start('b', { tasks: [task] });
  await rig.clock.advance(2 * EVERY_MS);
  void a.worker.drain();
  await rig.clock.until(() => a.worker.state().phase === 'stopped', 'the drain');
  const stoppedMs = rig.clock.nowMs();
  await rig.clock.until(() => done.some(({ owner }) => owner === 'b-2'), 'the next');
  assert.ok(rig.clock.nowMs() - stoppedMs <= 1.3 * EVERY_MS);
});

test('a run in the foreground works for itself only', async (t) => {
  const rig = await aRig(t);
  const { task, done } = aTask(rig);
  rig.start('run', { kind: 'foreground', tasks: [task] });
  await rig.clock.advance(1_000);
  rig.start('a', { tasks: [task] });
  await rig.clock.advance(10 * EVERY_MS);
  assert.deepEqual(new Set(done.map(({ owner }) => owner)), new Set(['a-2']));
  const kinds = (await rig.state.listWorkers()).map(({ owner, kind }) => [owner, kind]);
  assert.deepEqual(kinds, [
    ['a-2', 'worker'],
    ['run-1', 'foreground'],
  ]);
});

test('a round that fails is told, and the next one comes all the same', async (t) => {
  const rig = await aRig(t);
  let rounds = 0;
  const failing: BackgroundTask = (context, signal) =>
    whileElected(context, signal, ROUND, async () => {
      rounds += 1;
      throw new Error(`no luck in round ${rounds}`);
    });
  const a = rig.start('a', { tasks: [failing] });
  await rig.clock.until(() => rounds >= 2, 'two rounds');
  assert.deepEqual(a.troubles.slice(0, 2), [
    'working for all failed: no luck in round 1',
    'working for all failed: no luck in round 2',
  ]);
});
