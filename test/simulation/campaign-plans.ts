// Plans of at most two faults for the minimal job: every single fault, and every pair or a seeded share of them.
import { SeededRandom } from '../support/seeded-random.ts';
import type { Operation } from './fault-kinds.ts';
import { planText, type PlannedFault } from './fault-plans.ts';
import { singleFaults } from './plan-enumeration.ts';
import { openSharedDatabase, type SharedDatabase } from './shared-database.ts';
import { simulatePlan, type SimulateOptions } from './simulate.ts';

/** A plan that broke an invariant, as `npm run simulate -- --plan` takes it. */
export type FailedPlan = { readonly plan: string; readonly violations: readonly string[] };

/** What was run, and which plans broke an invariant. */
export type PlansRun = {
  singles: number;
  pairs: number;
  /** Pairs there are, whether or not they were run. */
  allPairs: number;
  /** Of a run without faults. */
  operations: readonly Operation[];
  readonly failures: FailedPlan[];
};

/** Runs all single faults, and of the pairs a share that a seed decides (1 = all). */
export async function simulatePlans(
  database: SharedDatabase,
  {
    share,
    onFault = () => undefined,
    onPlan = () => undefined,
  }: {
    readonly share: number;
    readonly onFault?: NonNullable<SimulateOptions['onFault']>;
    readonly onPlan?: (run: PlansRun) => void;
  },
): Promise<PlansRun> {
  const random = new SeededRandom(1);
  const { calls } = await simulatePlan(database, []);
  const run: PlansRun = { singles: 0, pairs: 0, allPairs: 0, operations: [...new Set(calls)], failures: [] };
  const simulated = async (plan: readonly PlannedFault[]): Promise<readonly Operation[]> => {
    const result = await simulatePlan(database, plan, { onFault });
    if (result.violations.length > 0)
      run.failures.push({ plan: planText(plan), violations: result.violations });
    onPlan(run);
    return result.calls;
  };
  for (const first of singleFaults(calls)) {
    const after = await simulated([first]);
    run.singles += 1;
    for (const second of singleFaults(after, first.at)) {
      run.allPairs += 1;
      if (share === 0 || !random.chance(share)) continue;
      await simulated([first, second]);
      run.pairs += 1;
    }
  }
  return run;
}

/** Runs so many pairs, the second fault at any call that comes after the first; returns those that broke an invariant. */
export async function simulatePairs(database: SharedDatabase, pairs: number): Promise<readonly FailedPlan[]> {
  const random = new SeededRandom(2);
  const failures: FailedPlan[] = [];
  const firsts = singleFaults((await simulatePlan(database, [])).calls);
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = random.pick(firsts);
    const after = await simulatePlan(database, [first]);
    const seconds = singleFaults(after.calls, first.at);
    const plan = [first, ...(seconds.length > 0 ? [random.pick(seconds)] : [])];
    const { violations } = await simulatePlan(database, plan);
    if (violations.length > 0) failures.push({ plan: planText(plan), violations });
  }
  return failures;
}

/** The command: runs them, prints progress and a summary; 1 when a plan failed. */
export async function runPlans(share: number): Promise<number> {
  const database = await openSharedDatabase();
  const startedMs = performance.now();
  let printedMs = startedMs;
  const onPlan = (soFar: PlansRun): void => {
    if (performance.now() < printedMs + 60_000) return;
    printedMs = performance.now();
    console.log(`${soFar.singles} single faults and ${soFar.pairs} pairs, ${soFar.failures.length} failed`);
  };
  const run = await simulatePlans(database, { share, onPlan });
  await database.close();
  for (const { plan, violations } of run.failures)
    console.log(`PLAN ${plan} fails: ${violations[0]}; replay: npm run simulate -- --plan ${plan}`);
  console.log(
    JSON.stringify({ ...run, seconds: Math.round((performance.now() - startedMs) / 1000) }, null, 2),
  );
  return run.failures.length > 0 ? 1 : 0;
}
