// The single faults of all minimal jobs, numbered: every one of them is played, and those of chosen jobs begin pairs.
import { WORLD_FAULTS, type WorldFault } from './fault-kinds.ts';
import { planText, type Plan, type PlannedFault } from './fault-plans.ts';
import { isNew, singleFaults } from './plan-enumeration.ts';
import { MINIMAL_JOBS, type MinimalJob } from './scenario.ts';
import type { SharedDatabase } from './shared-database.ts';
import { simulatePlan } from './simulate.ts';
import type { Failure } from './tasks.ts';
import type { PlayedCall } from './fault-clock.ts';

/** One of them; `mayBeginPairs` where no other one stands for it by what is known of the run without faults. */
export type FirstFault = {
  readonly job: MinimalJob;
  readonly fault: PlannedFault;
  readonly mayBeginPairs: boolean;
};

/** All of them, in an order that is the same in every process, and the calls of the runs without faults. */
export async function firstFaults(
  database: SharedDatabase,
): Promise<{ readonly firsts: readonly FirstFault[]; readonly calls: readonly PlayedCall[] }> {
  const firsts: FirstFault[] = [];
  const all: PlayedCall[] = [];
  for (const job of Object.keys(MINIMAL_JOBS) as MinimalJob[]) {
    const { calls } = await simulatePlan(database, { job, faults: [] });
    all.push(...calls);
    for (const fault of singleFaults(calls, firstCallOf(job, calls)))
      firsts.push({ job, fault, mayBeginPairs: isNewAt(calls, fault) });
  }
  return { firsts, calls: all };
}

/** Before its repair begins, that job is one of streams. */
function firstCallOf(job: MinimalJob, calls: readonly PlayedCall[]): number {
  return job === 'repair' ? calls.findIndex(({ operation }) => operation === 'state.jobs.finish') + 1 : 0;
}

function isNewAt(calls: readonly PlayedCall[], { at, kind }: PlannedFault): boolean {
  const worldFault = WORLD_FAULTS.find((known): known is WorldFault => known === kind);
  return !worldFault || isNew(worldFault, calls[at - 1]!, calls[at - 2]);
}

/** A plan that broke an invariant. */
export function failureOf(plan: Plan, violations: readonly string[]): Failure {
  const text = planText(plan);
  return { what: `PLAN ${text}`, replay: `npm run simulate -- --plan ${text}`, violations };
}
