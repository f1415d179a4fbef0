/** COMMITTING → SUCCESS: the recorded set is visible, so the watermark moves and the organization is free. */
import { sameCommitSet, type CommitSet } from '../../job/commit-set.ts';
import { TransientError } from '../../job/errors.ts';
import { formatInstant } from '../../job/instant.ts';
import { jobName, type JobKey, type JobStatus } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { StepRow } from '../entities/step-row.ts';
import { insertRows } from '../insert-rows.ts';
import { commitSetOf, planOf } from '../job-record.ts';
import { updateRow } from '../row-statements.ts';
import { NO_CRASHES } from './crashes.ts';
import { recordDays } from './record-days.ts';
import { changeJob, lockJobAndOrganization, unlockOrganization, type LockedJob } from './locked-job.ts';

/** What a job read and made visible. */
export type RowCounts = {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
};
/** The job is SUCCESS by this call or an earlier one, or has gone another way. */
export type FinishOutcome =
  | { readonly kind: 'finished' | 'already' }
  /** Another set is recorded by now, or none. */
  | { readonly kind: 'superseded'; readonly status: JobStatus };

/**
 * Ends the job whose recorded set is this one, whoever asks: the set is the fence here, not the lease.
 * Rejects with `commit_ambiguous` when somebody moved the watermark meanwhile; the job then stays COMMITTING.
 */
export function finish(
  database: Database,
  key: JobKey,
  set: CommitSet,
  counts: RowCounts,
): Promise<FinishOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (!locked) throw new Error(`there is no job ${jobName(key)} to finish`);
    const recorded = commitSetOf(locked.job);
    const { status } = locked.job;
    if (!recorded || !sameCommitSet(recorded, set)) return { kind: 'superseded', status };
    if (status === 'SUCCESS') return { kind: 'already' };
    if (status !== 'COMMITTING') return { kind: 'superseded', status };
    if (locked.job.jobType === 'incremental') await moveWatermark(locked);
    await recordDays(locked);
    await succeed(locked, counts);
    return { kind: 'finished' };
  });
}

/** Ends the locked job as SUCCESS and lets the organization go; who ran it stays on record. */
export async function succeed(locked: LockedJob, counts: RowCounts): Promise<void> {
  const { rowsRead, rowsWritten, bytesWritten } = counts;
  await changeJob(locked, {
    status: 'SUCCESS',
    leaseExpiresAt: null,
    nextAttemptAt: null,
    needsOperator: false,
    cancelRequested: false,
    errorReason: null,
    errorMessage: null,
    ...NO_CRASHES,
    rowsRead,
    rowsWritten,
    bytesWritten,
    finishedAt: locked.now,
  });
  await unlockOrganization(locked);
  await recordFinishStep(locked);
}

/** The last step is this transaction itself, so that a job has it if and only if it is SUCCESS. */
async function recordFinishStep({ session, job, now }: LockedJob): Promise<void> {
  const { organizationId, jobId, planNumber } = job;
  const step = { organizationId, jobId, planNumber, step: 'finish', status: 'done', detail: '{}' } as const;
  await insertRows(session, StepRow, [{ ...step, startedAt: now, finishedAt: now }], {
    key: ['organizationId', 'jobId', 'planNumber', 'step'],
    overwrite: ['status'],
  });
}

/** Moves the watermark from the lo of the job's plan to its hi. */
export async function moveWatermark({ session, job, organization, now }: LockedJob): Promise<void> {
  const plan = planOf(job);
  if (!plan || !organization)
    throw new Error(`${jobName(job)} has no plan or no organization to finish with`);
  const { lo, hi } = plan.window;
  const watermark = organization.lastSuccessfulRun ?? undefined;
  if (watermark !== lo) {
    const text = (at: bigint | undefined) => (at === undefined ? 'none' : formatInstant(at));
    throw new TransientError(
      'commit_ambiguous',
      `the watermark of ${job.organizationId} is ${text(watermark)}, but job ${job.jobId} began at ${text(lo)}: ` +
        `somebody changed last_successful_run while the job was active; put ${text(lo)} back`,
    );
  }
  await updateRow(session, OrganizationRow, organization.id, { lastSuccessfulRun: hi, updatedAt: now });
}
