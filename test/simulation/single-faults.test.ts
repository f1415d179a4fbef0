// The minimal job (2 streams × 2 batches, 2 replicas) under every fault at every one of its calls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatePlans } from './campaign-plans.ts';
import { openSharedDatabase } from './shared-database.ts';
import { Tally } from './tally.ts';

test('every single fault at every call: never lost, never doubled, and the job ends', async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());
  const tally = new Tally();

  const run = await simulatePlans(database, { share: 0, onFault: tally.onFault });

  context.diagnostic(
    `${run.singles} single faults; ${run.allPairs} pairs are left to npm run simulate -- --plans`,
  );
  const first = run.failures[0];
  assert.equal(first, undefined, `npm run simulate -- --plan ${first?.plan} shows ${first?.violations[0]}`);
  assert.deepEqual(
    tally.lacking(4, run.operations),
    [],
    'every kind fired, and a replica died before and after every call',
  );
});
