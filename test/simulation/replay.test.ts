// A seed is worth its number only if it replays: the same events at the same virtual times in the same order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';

const SEEDS = 50;

test(`${SEEDS} seeds run twice are the same runs, event by event`, async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const hashes = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const first = await simulateSeed(database, seed);
    const second = await simulateSeed(database, seed);
    assert.equal(
      second.hash,
      first.hash,
      `SEED ${seed} does not replay; see: npm run simulate -- --seed ${seed}`,
    );
    assert.ok(first.events > 10, `seed ${seed} is hardly a run`);
    hashes.add(first.hash);
  }
  assert.equal(hashes.size, SEEDS, 'different seeds are different runs');
});

test('time and chance of the process do not reach the simulated core', async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const site = { name: 'asks the process for the time', state: () => (Date.now(), undefined as never) };
  await assert.rejects(
    simulateSeed(database, 1, { variant: site }),
    /Date\.now\(\) was used in the simulated core/,
  );
  assert.ok(Date.now() > 0, 'the globals are put back');
});
