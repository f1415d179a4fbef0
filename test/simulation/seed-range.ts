// Many seeds one after the other on one database, with what to type when one of them fails.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openSharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';
import { Tally } from './tally.ts';

/** Every seed from first on keeps every invariant and ends, and every kind of fault fires often. */
export async function assertSeedsHold(context: TestContext, first: number, count: number): Promise<void> {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const tally = new Tally();
  for (let seed = first; seed < first + count; seed += 1) {
    const { violations } = await simulateSeed(database, seed, { onFault: tally.onFault });
    assert.deepEqual(
      violations,
      [],
      `SEED ${seed} fails; replay it with: npm run simulate -- --seed ${seed}`,
    );
  }
  context.diagnostic(`${count} seeds from ${first}: ${tally.total} faults, ${JSON.stringify(tally)}`);
  assert.deepEqual(tally.lacking(count / 100), [], 'these faults fired too seldom to have shown anything');
}
