/** COMMITTING stays: the write streams of rejected rows are gone without a trace, and others hold the same rows. */
import { sameCommitSet, type CommitSet, type QuarantineSet } from '../../job/commit-set.ts';
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { commitSetOf } from '../job-record.ts';
import { changeJob, lockLeasedJob } from './locked-job.ts';

/** The set that is recorded now, or that set or lease are not the job’s any more. */
export type ReplaceQuarantineOutcome =
  { readonly kind: 'replaced'; readonly set: CommitSet } | { readonly kind: 'lost' };

/** Records other streams for the rejected rows of the set; what the set makes visible itself stays as it is. Conditional on the set and the lease. */
export function replaceQuarantine(
  database: Database,
  lease: Lease,
  set: CommitSet,
  quarantine: QuarantineSet,
): Promise<ReplaceQuarantineOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockLeasedJob(session, lease);
    const recorded = locked && commitSetOf(locked.job);
    if (!recorded || locked.job.status !== 'COMMITTING' || !sameCommitSet(recorded, set))
      return { kind: 'lost' };
    const replaced = { ...recorded, quarantine };
    await changeJob(locked, { commitSet: JSON.stringify(replaced) });
    return { kind: 'replaced', set: replaced };
  });
}
