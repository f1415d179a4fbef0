// The minimal jobs under every single fault.
import { lingers } from './fault-kinds.ts';
import type { PlannedFault } from './fault-plans.ts';
import { failureOf, firstFaults } from './first-faults.ts';
import { ACCESS_DENIED } from './plan-enumeration.ts';
import { RunKey } from './run-key.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulatePlan } from './simulate.ts';
import { Tally } from './tally.ts';
import type { Part, Report } from './tasks.ts';

/** Of what may begin pairs: equal for faults that lead to one run, leave nothing else behind and are handled alike. */
export function keyOf({ at, kind, choice }: PlannedFault, run: string): string {
  if (lingers(kind)) return `${run} ${kind} at ${at}`;
  return kind === 'error_terminal' && choice === ACCESS_DENIED ? `${run} refused` : run;
}

/** Plays every nth single fault; reports after each, with the key of its run where pairs may begin with it. */
export async function* playSingles(database: SharedDatabase, { part, of }: Part): AsyncGenerator<Report> {
  const { firsts, calls } = await firstFaults(database);
  const made = new Tally();
  made.reached(calls);
  yield { counts: {}, tally: made.toJSON(), failures: [], notes: [] };
  for (let first = part; first < firsts.length; first += of) {
    const { job, fault, mayBeginPairs } = firsts[first]!;
    const [plan, tally, key] = [{ job, faults: [fault] }, new Tally(), new RunKey()];
    const { violations } = await simulatePlan(database, plan, {
      onFault: tally.onFault,
      ...(mayBeginPairs && { onEvent: key.onEvent }),
    });
    yield {
      counts: { singles: 1 },
      tally: tally.toJSON(),
      failures: violations.length > 0 ? [failureOf(plan, violations)] : [],
      notes: [],
      runs: mayBeginPairs ? [{ job, first, key: keyOf(fault, key.end(database.contents())) }] : [],
    };
  }
}
