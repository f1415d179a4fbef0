/** COMMITTING → IN_PROGRESS: the recorded set is proven to have had no effect, so the job plans anew. */
import { sameCommitSet, type CommitSet } from '../../job/commit-set.ts';
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { commitSetOf } from '../job-record.ts';
import { NO_CRASHES } from './crashes.ts';
import { changeJob, lockLeasedJob, type LockedJob } from './locked-job.ts';

/** The new plan number, or that set or lease are not the job’s any more. */
export type ReplanOutcome =
  { readonly kind: 'replanned'; readonly planNumber: number } | { readonly kind: 'lost' };

/** Forgets the set and begins the next plan number; the organization stays locked by this job. Conditional on the set and the lease. */
export function replanAfterNoEffect(
  database: Database,
  lease: Lease,
  set: CommitSet,
): Promise<ReplanOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockLeasedJob(session, lease);
    const recorded = locked && commitSetOf(locked.job);
    if (!recorded || locked.job.status !== 'COMMITTING' || !sameCommitSet(recorded, set))
      return { kind: 'lost' };
    return { kind: 'replanned', planNumber: await beginNextPlan(locked) };
  });
}

/** Takes the locked job back to before its plan, under the next plan number. */
export async function beginNextPlan(locked: LockedJob): Promise<number> {
  const planNumber = locked.job.planNumber + 1;
  await changeJob(locked, {
    // Whoever died over the set did not die of the plan that comes now.
    ...NO_CRASHES,
    status: 'IN_PROGRESS',
    planNumber,
    plan: null,
    commitSet: null,
    needsOperator: false,
    nextAttemptAt: null,
    errorReason: null,
    errorMessage: null,
  });
  return planNumber;
}
