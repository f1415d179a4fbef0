/** Settles a job that needs an operator, by what a person found out about its commit. */
import { commitSetRows, type CommitSet } from '../../job/commit-set.ts';
import type { JobKey, JobStatus } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { commitSetOf } from '../job-record.ts';
import { moveWatermark, succeed, type RowCounts } from './finish.ts';
import { lockJobAndOrganization, type LockedJob } from './locked-job.ts';
import { recordDays } from './record-days.ts';
import { beginNextPlan } from './replan-after-no-effect.ts';

/** What became of the operator’s word. */
export type ResolveOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'replanned'; readonly planNumber: number }
  /** Only a job in COMMITTING that needs an operator can be resolved. */
  | { readonly kind: 'refused'; readonly status: JobStatus }
  | { readonly kind: 'not_found' };

/** COMMITTING → SUCCESS: the set is visible. Without counts, the rows of the set count as read and written. */
export function resolveCommitted(
  database: Database,
  key: JobKey,
  counts?: RowCounts,
): Promise<ResolveOutcome> {
  return resolve(database, key, async (locked, set) => {
    if (locked.job.jobType === 'incremental') await moveWatermark(locked);
    await recordDays(locked);
    const rows = commitSetRows(set);
    await succeed(locked, counts ?? { rowsRead: rows, rowsWritten: rows, bytesWritten: 0 });
    return { kind: 'finished' };
  });
}

/** COMMITTING → IN_PROGRESS with nobody running it: the set had no effect and never will, so whoever claims the job next plans anew. */
export function resolveNotCommitted(database: Database, key: JobKey): Promise<ResolveOutcome> {
  return resolve(database, key, async (locked) => ({
    kind: 'replanned',
    planNumber: await beginNextPlan(locked),
  }));
}

function resolve(
  database: Database,
  key: JobKey,
  settle: (locked: LockedJob, set: CommitSet) => Promise<ResolveOutcome>,
): Promise<ResolveOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (!locked) return { kind: 'not_found' };
    const { status, needsOperator } = locked.job;
    const set = commitSetOf(locked.job);
    if (status !== 'COMMITTING' || !needsOperator || !set) return { kind: 'refused', status };
    return settle(locked, set);
  });
}
