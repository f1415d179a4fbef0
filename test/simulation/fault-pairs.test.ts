// The minimal job under pairs of faults: a share drawn by seed, because all of them take hours (npm run simulate -- --plans).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatePairs } from './campaign-plans.ts';
import { openSharedDatabase } from './shared-database.ts';

const PAIRS = 300;

test(`${PAIRS} pairs of faults, a share of all drawn by seed: never lost, never doubled, and the job ends`, async (context) => {
  const database = await openSharedDatabase();
  context.after(() => database.close());

  const failures = await simulatePairs(database, PAIRS);

  const first = failures[0];
  assert.equal(first, undefined, `npm run simulate -- --plan ${first?.plan} shows ${first?.violations[0]}`);
});
