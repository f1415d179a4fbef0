// Limits that hold for all replicas together are divided among those that live.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareRates } from '../../src/worker/share-rates.ts';
import { aRig, LEASE_MS } from './worker-rig.ts';

test('each replica takes its part of a limit; a part falls free when its replica leaves, or its lease has run out', async (t) => {
  const rig = await aRig(t);
  const shares = new Map<string, number>();
  const start = (name: string) =>
    rig.start(name, { tasks: [shareRates({ shareAmong: (workers) => shares.set(name, workers) })] });
  const [a, b, c] = [start('a'), start('b'), start('c')];
  await rig.clock.until(() => ['a', 'b', 'c'].every((name) => shares.get(name) === 3), 'three shares');
  await c.worker.drain();
  await rig.clock.until(() => ['a', 'b'].every((name) => shares.get(name) === 2), 'two shares');
  b.setDatabase('silent');
  const silentMs = rig.clock.nowMs();
  await rig.clock.until(() => shares.get('a') === 1, 'the dead replica to be counted no more');
  assert.ok(rig.clock.nowMs() - silentMs >= (LEASE_MS * 2) / 3, 'a slow replica is not a dead one');
  assert.equal(shares.get('b'), 2, 'without an answer the last share stands');
  await a.worker.drain();
});
