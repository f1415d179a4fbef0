// The minimal job under every single fault, and under the pairs that each of them begins.
import { SeededRandom } from '../support/seeded-random.ts';
import { planText, type PlannedFault } from './fault-plans.ts';
import { secondFaults, singleFaults } from './plan-enumeration.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulatePlan, type Simulated } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Failure, Part, PlansTask, Report } from './tasks.ts';

/** Plays every nth first fault of the task with its pairs; reports after each. Which pairs make up a share depends on the first fault alone. */
export async function* playPlans(
  database: SharedDatabase,
  { from, to = Infinity, share }: PlansTask,
  { part, of }: Part,
): AsyncGenerator<Report> {
  const { calls } = await simulatePlan(database, []);
  const firsts = singleFaults(calls);
  const made = new Tally();
  made.reached(calls);
  yield { counts: {}, tally: made.toJSON(), failures: [], notes: [] };
  for (let number = from + part; number < Math.min(to, firsts.length); number += of)
    yield await playFirst(database, firsts[number]!, new SeededRandom(number + 1), share);
}

async function playFirst(
  database: SharedDatabase,
  first: PlannedFault,
  random: SeededRandom,
  share: number,
): Promise<Report> {
  const tally = new Tally();
  const failures: Failure[] = [];
  const played = async (plan: readonly PlannedFault[]): Promise<Simulated> => {
    const result = await simulatePlan(database, plan, { onFault: tally.onFault });
    if (result.violations.length > 0) failures.push(failureOf(plan, result.violations));
    return result;
  };
  const { calls } = await played([first]);
  const seconds = secondFaults(calls, first);
  const chosen = seconds.filter(() => share === 1 || random.chance(share));
  for (const second of chosen) await played([first, second]);
  const counts = { singles: 1, pairs: chosen.length, allPairs: seconds.length };
  return { counts, tally: tally.toJSON(), failures, notes: [] };
}

function failureOf(plan: readonly PlannedFault[], violations: readonly string[]): Failure {
  const text = planText(plan);
  return { what: `PLAN ${text}`, replay: `npm run simulate -- --plan ${text}`, violations };
}
