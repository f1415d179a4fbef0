/** IN_PROGRESS → COMMITTING: fixes the one set that this plan will ever make visible. */
import { sameCommitSet, type CommitSet } from '../../job/commit-set.ts';
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { commitSetOf } from '../job-record.ts';
import { NO_CRASHES } from './crashes.ts';
import { obstacleToDecide, type Undecided } from './decision.ts';
import { changeJob, lockJobAndOrganization, type LockedJob } from './locked-job.ts';

/** The set that is recorded, or why none may be. */
export type DecideOutcome = { readonly kind: 'decided'; readonly set: CommitSet } | Undecided;

/** Records the set, or finds that this very set is recorded already, or says why nothing may be committed. */
export function decide(
  database: Database,
  lease: Lease,
  planNumber: number,
  set: CommitSet,
): Promise<DecideOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (!locked) return { kind: 'lost' };
    const recorded = recordedSet(locked, planNumber);
    if (recorded && sameCommitSet(recorded, set)) return { kind: 'decided', set: recorded };
    const obstacle = obstacleToDecide(locked, lease, planNumber);
    if (obstacle) return obstacle;
    // Without a plan nobody could resume what is decided, nor tell where the watermark goes.
    if (locked.job.plan === null) return { kind: 'lost' };
    await changeJob(locked, {
      status: 'COMMITTING',
      commitSet: JSON.stringify(set),
      // The error of an earlier attempt is past; the next one will be the first after the decision.
      errorReason: null,
      errorMessage: null,
      ...NO_CRASHES,
    });
    return { kind: 'decided', set };
  });
}

/** The set this plan number decided on; committing it is harmless for whoever comes back late. */
function recordedSet({ job }: LockedJob, planNumber: number): CommitSet | undefined {
  const decided = job.status === 'COMMITTING' || job.status === 'SUCCESS';
  return decided && job.planNumber === planNumber ? commitSetOf(job) : undefined;
}
