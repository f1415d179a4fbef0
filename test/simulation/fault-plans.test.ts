// The minimal jobs (2 streams × 2 batches, a query, a staging table, a module, a repair) under every fault at every one of their calls, the first also under pairs.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { playPlans } from './play-plans.ts';

/** All pairs take about an hour (npm run simulate -- --plans): which of them are played here is drawn by a fixed seed. */
const SHARE_OF_PAIRS = 0.01;

test(
  'every single fault at every call, and a share of all pairs: never lost, never doubled, and the job ends',
  { timeout: 1_200_000 },
  async (context) => {
    const { counts, tally, failures } = await playPlans(
      { jobs: ['streams'], share: SHARE_OF_PAIRS },
      { processes: availableParallelism(), signal: context.signal },
    );

    context.diagnostic(
      `${counts['singles']} single faults, ${counts['pairs']} of ${counts['allPairs']} pairs`,
    );
    const [first] = failures;
    assert.equal(first, undefined, `${first?.replay} shows ${first?.violations[0]}`);
    assert.deepEqual(
      tally.lacking(1),
      [],
      'every kind fired, and a replica died before and after every call',
    );
  },
);
