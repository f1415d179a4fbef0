// Minimal jobs under pairs of faults.
import { SeededRandom } from '../support/seeded-random.ts';
import { failureOf, firstFaults, type FirstFault } from './first-faults.ts';
import { secondFaults } from './plan-enumeration.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulatePlan } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Failure, PairsTask, Part, Report } from './tasks.ts';

/** Plays the pairs of every nth first fault of the task; reports after each. Which pairs make up a share depends on the first fault alone. */
export async function* playPairs(
  database: SharedDatabase,
  { firsts: numbers, share }: PairsTask,
  { part, of }: Part,
): AsyncGenerator<Report> {
  const { firsts } = await firstFaults(database);
  for (let at = part; at < numbers.length; at += of) {
    const number = numbers[at]!;
    const random = new SeededRandom(number + 1);
    yield await playPairsOf(database, firsts[number]!, () => share === 1 || random.chance(share));
  }
}

async function playPairsOf(
  database: SharedDatabase,
  { job, fault: first }: FirstFault,
  isChosen: () => boolean,
): Promise<Report> {
  const tally = new Tally();
  const failures: Failure[] = [];
  const { calls } = await simulatePlan(database, { job, faults: [first] });
  const seconds = secondFaults(calls, first);
  const chosen = seconds.filter(isChosen);
  for (const second of chosen) {
    const plan = { job, faults: [first, second] };
    const { violations } = await simulatePlan(database, plan, { onFault: tally.onFault });
    if (violations.length > 0) failures.push(failureOf(plan, violations));
  }
  const counts = { pairs: chosen.length, allPairs: seconds.length };
  return { counts, tally: tally.toJSON(), failures, notes: [] };
}
