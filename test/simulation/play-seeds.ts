// Random worlds, one seed after the other.
import type { SharedDatabase } from './shared-database.ts';
import { simulateSeed } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Failure, Part, Report, Task } from './tasks.ts';

const SEEDS_A_REPORT = 100;

/** Plays every nth seed of the task; reports every hundred, and at once when one fails. */
export async function* playSeeds(
  database: SharedDatabase,
  { first, seeds }: Extract<Task, { kind: 'seeds' }>,
  { part, of }: Part,
): AsyncGenerator<Report> {
  let [tally, failures, played, calls]: [Tally, Failure[], number, number] = [new Tally(), [], 0, 0];
  for (let seed = first + part; seed < first + seeds; seed += of) {
    const result = await simulateSeed(database, seed, { onFault: tally.onFault });
    played += 1;
    calls += result.calls.length;
    tally.reached(result.calls);
    if (result.violations.length > 0) failures.push(failureOf(seed, result.violations));
    if (played < SEEDS_A_REPORT && failures.length === 0) continue;
    yield { counts: { seeds: played, calls }, tally: tally.toJSON(), failures, notes: [] };
    [tally, failures, played, calls] = [new Tally(), [], 0, 0];
  }
  yield { counts: { seeds: played, calls }, tally: tally.toJSON(), failures, notes: [] };
}

function failureOf(seed: number, violations: readonly string[]): Failure {
  return { what: `SEED ${seed}`, replay: `npm run simulate -- --seed ${seed}`, violations };
}
