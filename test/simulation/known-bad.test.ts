// The simulation bites: each known way to lose or double rows is caught within a thousand seeds, by the invariant it breaks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ackBeforeSuccess, duplicateNacked } from './known-bad/acknowledgements.ts';
import { inBandErrorIgnored, noFinalizedCount } from './known-bad/appends.ts';
import {
  ambiguousCommitUnderNewSet,
  commitAssumed,
  leaseCheckBeforeCommit,
  newStreamsAfterDecision,
  watermarkOutsideTransaction,
} from './known-bad/decisions.ts';
import { claimsWithoutEpoch, leaseByLocalClock } from './known-bad/leases.ts';
import type { Variant } from './replica.ts';
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';

const SEEDS = 1_000;

const CAUGHT_BY: readonly (readonly [Variant, RegExp])[] = [
  [leaseCheckBeforeCommit, /^I5/],
  [newStreamsAfterDecision, /^I[45]/],
  [ackBeforeSuccess, /^I6/],
  [inBandErrorIgnored, /^I1/],
  [noFinalizedCount, /^I1/],
  [watermarkOutsideTransaction, /^I7/],
  [leaseByLocalClock, /^I8/],
  [ambiguousCommitUnderNewSet, /^I4/],
  [commitAssumed, /^I9/],
  [duplicateNacked, /^I13/],
  [claimsWithoutEpoch, /^I8/],
];

let database: SharedDatabase;
before(async () => (database = await openSharedDatabase()));
after(() => database.close());

for (const [variant, invariant] of CAUGHT_BY)
  test(`caught: ${variant.name}`, async (context) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violations } = await simulateSeed(database, seed, { variant });
      const found = violations.find((violation) => invariant.test(violation));
      if (found === undefined) continue;
      context.diagnostic(`SEED ${seed}: ${found}`);
      return;
    }
    assert.fail(`${SEEDS} seeds did not notice: ${variant.name}`);
  });
