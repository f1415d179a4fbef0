// Random worlds: replicas of the real worker, organizations, jobs of theirs, and faults until a horizon.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { playInProcesses } from './play-in-processes.ts';

const SEEDS = 20_000;
/** So often at least each kind of fault must have fired in that many seeds. */
const OF_EACH_KIND = SEEDS / 1_000;
/** An operation reached this seldom need not have been a place of death. */
const RARE = 20_000;

test(
  `${SEEDS} seeds: never lost, never doubled, and everything ends`,
  { timeout: 1_800_000 },
  async (context) => {
    const { counts, tally, failures } = await playInProcesses(
      { kind: 'seeds', first: 1, seeds: SEEDS },
      { processes: availableParallelism(), signal: context.signal },
    );

    const [first] = failures;
    assert.equal(
      first,
      undefined,
      `${first?.what} fails: ${first?.violations[0]}; replay it with: ${first?.replay}`,
    );
    assert.equal(counts['seeds'], SEEDS, 'every seed was played');
    context.diagnostic(`${tally.total} faults: ${JSON.stringify(Object.fromEntries(tally.kinds))}`);
    assert.deepEqual(
      tally.lacking(OF_EACH_KIND, RARE),
      [],
      'these faults fired too seldom to have shown anything',
    );
  },
);
