// The minimal jobs under every single fault, and under the pairs that each of them begins.
import { SeededRandom } from '../support/seeded-random.ts';
import { planText, type Plan, type PlannedFault } from './fault-plans.ts';
import { secondFaults, singleFaults } from './plan-enumeration.ts';
import { MINIMAL_JOBS, type MinimalJob } from './scenario.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulatePlan, type Simulated } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Failure, Part, PlansTask, Report } from './tasks.ts';
import type { PlayedCall } from './world.ts';

/**
 * Plays every nth first fault of the task with its pairs; reports after each. Which pairs make up a share depends on the first
 * fault alone. Pairs are those of the job of streams; the other minimal jobs meet single faults.
 */
export async function* playPlans(
  database: SharedDatabase,
  { from, to = Infinity, share }: PlansTask,
  { part, of }: Part,
): AsyncGenerator<Report> {
  const jobs = Object.keys(MINIMAL_JOBS) as MinimalJob[];
  const firsts: { readonly job: MinimalJob; readonly fault: PlannedFault }[] = [];
  const made = new Tally();
  for (const job of jobs) {
    const { calls } = await simulatePlan(database, { job, faults: [] });
    made.reached(calls);
    firsts.push(...singleFaults(calls, firstCallOf(job, calls)).map((fault) => ({ job, fault })));
  }
  yield { counts: {}, tally: made.toJSON(), failures: [], notes: [] };
  for (let number = from + part; number < Math.min(to, firsts.length); number += of) {
    const { job, fault } = firsts[number]!;
    yield await playFirst(database, job, fault, new SeededRandom(number + 1), job === 'streams' ? share : 0);
  }
}

/** Before its repair begins, that job is one of streams. */
function firstCallOf(job: MinimalJob, calls: readonly PlayedCall[]): number {
  return job === 'repair' ? calls.findIndex(({ operation }) => operation === 'state.jobs.finish') + 1 : 0;
}

async function playFirst(
  database: SharedDatabase,
  job: MinimalJob,
  first: PlannedFault,
  random: SeededRandom,
  share: number,
): Promise<Report> {
  const tally = new Tally();
  const failures: Failure[] = [];
  const played = async (plan: Plan): Promise<Simulated> => {
    const result = await simulatePlan(database, plan, { onFault: tally.onFault });
    if (result.violations.length > 0) failures.push(failureOf(plan, result.violations));
    return result;
  };
  const { calls } = await played({ job, faults: [first] });
  const seconds = job === 'streams' ? secondFaults(calls, first) : [];
  const chosen = seconds.filter(() => share === 1 || random.chance(share));
  for (const second of chosen) await played({ job, faults: [first, second] });
  const counts = { singles: 1, pairs: chosen.length, allPairs: seconds.length };
  return { counts, tally: tally.toJSON(), failures, notes: [] };
}

function failureOf(plan: Plan, violations: readonly string[]): Failure {
  const text = planText(plan);
  return { what: `PLAN ${text}`, replay: `npm run simulate -- --plan ${text}`, violations };
}
