/** IN_PROGRESS → SUCCESS: there is nothing to commit, so deciding and finishing are one. */
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { obstacleToDecide, type Undecided } from './decision.ts';
import { moveWatermark, succeed, type RowCounts } from './finish.ts';
import { lockJobAndOrganization, type LockedJob } from './locked-job.ts';

/** The job ended, or why it may not. */
export type FinishEmptyOutcome = { readonly kind: 'finished' } | Undecided;
/** What else ending without rows changes. */
export type FinishEmptyOptions = {
  /** Only when rows were read and every one was dropped: without rows the watermark stays (spec.md §5). */
  readonly moveWatermark?: boolean;
};

/** Ends a job without rows to write under the conditions of a decision; repeating it is fine. */
export function finishEmpty(
  database: Database,
  lease: Lease,
  planNumber: number,
  counts: RowCounts,
  options: FinishEmptyOptions = {},
): Promise<FinishEmptyOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (!locked) return { kind: 'lost' };
    if (alreadyFinished(locked, lease, planNumber)) return { kind: 'finished' };
    const obstacle = obstacleToDecide(locked, lease, planNumber);
    if (obstacle) return obstacle;
    if (options.moveWatermark && locked.job.jobType === 'incremental') await moveWatermark(locked);
    await succeed(locked, counts);
    return { kind: 'finished' };
  });
}

function alreadyFinished({ job }: LockedJob, lease: Lease, planNumber: number): boolean {
  const mine = job.leaseEpoch === lease.epoch && job.planNumber === planNumber;
  return job.status === 'SUCCESS' && mine && job.commitSet === null;
}
