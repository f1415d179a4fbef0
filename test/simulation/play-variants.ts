// The known-bad variants, each on one seed after the other until it is caught.
import { VARIANTS } from './known-bad/all-variants.ts';
import type { Variant } from './replica.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Part, Report } from './tasks.ts';

/** Within so many seeds each has to be caught. Source: the fault catalogue, §5. */
const SEEDS = 1_000;
const NOTHING = new Tally().toJSON();

/** Plays every nth variant; one that no seed catches by its invariant is a failure. */
export async function* playVariants(database: SharedDatabase, { part, of }: Part): AsyncGenerator<Report> {
  for (const [variant, invariant] of VARIANTS.filter((_, at) => at % of === part)) {
    const caught = await caughtAt(database, variant, invariant);
    const replay = 'npm test -- test/simulation/known-bad.test.ts';
    const violations = [`${SEEDS} seeds did not notice it by ${invariant}`];
    yield {
      counts: { variants: 1 },
      tally: NOTHING,
      failures: caught ? [] : [{ what: variant.name, replay, violations }],
      notes: caught ? [`${variant.name}: ${caught}`] : [],
    };
  }
}

async function caughtAt(database: SharedDatabase, variant: Variant, invariant: RegExp) {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violations } = await simulateSeed(database, seed, { variant });
    const found = violations.find((violation) => invariant.test(violation));
    if (found !== undefined) return `SEED ${seed}: ${found}`;
  }
  return undefined;
}
