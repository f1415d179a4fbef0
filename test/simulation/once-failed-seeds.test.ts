// Seeds that broke an invariant once, with what was wrong then.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';

const ONCE_FAILED: readonly (readonly [seed: number, why: string])[] = [
  [6233, 'a heartbeat under way while a worker said goodbye made it look alive, and then dead under its job'],
  [
    915,
    'deaths over a decided set counted against the plan that came after it, and made a crash loop of two',
  ],
];

for (const [seed, why] of ONCE_FAILED)
  test(`seed ${seed}: ${why}`, async (context) => {
    const database = await openSharedDatabase();
    context.after(() => database.close());

    const { violations } = await simulateSeed(database, seed);

    assert.deepEqual(violations, []);
  });
