// Plans of at most two faults for the minimal job: every single fault, and every pair or a seeded share of them.
import { SeededRandom } from '../support/seeded-random.ts';
import { planText, type PlannedFault } from './fault-plans.ts';
import { singleFaults } from './plan-enumeration.ts';
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts';
import { simulatePlan, type Simulated } from './simulate.ts';

/** What was run, and which plans broke an invariant. */
export type PlansRun = {
  singles: number;
  pairs: number;
  /** Pairs there are, whether or not they were run. */
  allPairs: number;
  readonly failures: { readonly plan: string; readonly violations: readonly string[] }[];
};

/** Runs all single faults, and of the pairs a share that a seed decides (1 = all). */
export async function simulatePlans(
  database: SharedDatabase,
  share: number,
  onPlan: (run: PlansRun) => void = () => undefined,
  part: (index: number) => boolean = () => true,
): Promise<PlansRun> {
  const random = new SeededRandom(1);
  const run: PlansRun = { singles: 0, pairs: 0, allPairs: 0, failures: [] };
  const simulated = async (plan: readonly PlannedFault[]): Promise<Simulated> => {
    const result = await simulatePlan(database, plan);
    if (result.violations.length > 0)
      run.failures.push({ plan: planText(plan), violations: result.violations });
    onPlan(run);
    return result;
  };
  const { calls } = await simulated([]);
  for (const [index, first] of singleFaults(calls).entries()) {
    if (!part(index)) continue;
    const after = await simulated([first]);
    run.singles += 1;
    for (const second of singleFaults(after.calls, first.at)) {
      run.allPairs += 1;
      if (!random.chance(share)) continue;
      await simulated([first, second]);
      run.pairs += 1;
    }
  }
  return run;
}

/** The command: runs them, prints progress and a summary; 1 when a plan failed. */
export async function runPlans(share: number): Promise<number> {
  const database = await openSharedDatabase();
  const startedMs = performance.now();
  let printedMs = startedMs;
  const run = await simulatePlans(database, share, (soFar) => {
    if (performance.now() < printedMs + 60_000) return;
    printedMs = performance.now();
    console.log(`${soFar.singles} single faults and ${soFar.pairs} pairs, ${soFar.failures.length} failed`);
  });
  await database.close();
  for (const { plan, violations } of run.failures)
    console.log(`PLAN ${plan} fails: ${violations[0]}; replay: npm run simulate -- --plan ${plan}`);
  console.log(
    JSON.stringify({ ...run, seconds: Math.round((performance.now() - startedMs) / 1000) }, null, 2),
  );
  return run.failures.length > 0 ? 1 : 0;
}
