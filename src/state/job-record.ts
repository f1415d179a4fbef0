/** A job as the database holds it, decoded. */
import type { CommitSet } from '../job/commit-set.ts';
import type { Micros } from '../job/instant.ts';
import type { JobKey, JobStatus, JobType } from '../job/job.ts';
import { restorePlan, type Plan, type StoredPlan } from '../job/plan.ts';
import type { Reason } from '../job/reason.ts';
import type { JobRow } from './entities/job-row.ts';

/** One row of etl_jobs. Instants are the database's. */
export type JobRecord = JobKey & {
  readonly id: number;
  readonly jobType: JobType;
  readonly status: JobStatus;
  /** The window that was asked for; that of the plan is in the plan. */
  readonly window: { readonly start: Micros; readonly end: Micros } | undefined;
  readonly attempts: number;
  readonly interruptions: number;
  /** How often in a row a lease ran out under this job without a checkpoint since: a process that died, most likely. */
  readonly crashes: number;
  readonly nextAttemptAt: Micros | undefined;
  readonly doorbellSeenAt: Micros | undefined;
  /** Who runs the job, or ran it last when it is terminal. */
  readonly leaseOwner: string | undefined;
  readonly leaseEpoch: number;
  /** Undefined: nobody holds a lease. */
  readonly leaseExpiresAt: Micros | undefined;
  readonly planNumber: number;
  readonly plan: Plan | undefined;
  readonly commitSet: CommitSet | undefined;
  readonly needsOperator: boolean;
  readonly rowsRead: number | undefined;
  readonly rowsWritten: number | undefined;
  readonly bytesWritten: number | undefined;
  readonly errorReason: Reason | undefined;
  readonly errorMessage: string | undefined;
  readonly cancelRequested: boolean;
  readonly requestedBy: string | undefined;
  readonly messageId: string | undefined;
  readonly createdAt: Micros;
  readonly startedAt: Micros | undefined;
  readonly finishedAt: Micros | undefined;
  readonly updatedAt: Micros;
};

/** Decodes a row. */
export function jobRecord(row: JobRow): JobRecord {
  const { windowStart: start, windowEnd: end } = row;
  return {
    id: row.id,
    organizationId: row.organizationId,
    jobId: row.jobId,
    jobType: row.jobType,
    status: row.status,
    window: start !== null && end !== null ? { start, end } : undefined,
    attempts: row.attempts,
    interruptions: row.interruptions,
    crashes: row.crashes,
    nextAttemptAt: row.nextAttemptAt ?? undefined,
    doorbellSeenAt: row.doorbellSeenAt,
    leaseOwner: row.leaseOwner ?? undefined,
    leaseEpoch: row.leaseEpoch,
    leaseExpiresAt: row.leaseExpiresAt ?? undefined,
    planNumber: row.planNumber,
    plan: planOf(row),
    commitSet: commitSetOf(row),
    needsOperator: row.needsOperator,
    rowsRead: row.rowsRead ?? undefined,
    rowsWritten: row.rowsWritten ?? undefined,
    bytesWritten: row.bytesWritten ?? undefined,
    errorReason: row.errorReason ?? undefined,
    errorMessage: row.errorMessage ?? undefined,
    cancelRequested: row.cancelRequested,
    requestedBy: row.requestedBy ?? undefined,
    messageId: row.messageId ?? undefined,
    createdAt: row.createdAt,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    updatedAt: row.updatedAt,
  };
}

/** The plan stored in a row. */
export function planOf(row: JobRow): Plan | undefined {
  return row.plan === null ? undefined : restorePlan(JSON.parse(row.plan) as StoredPlan);
}

/** The commit set recorded in a row. */
export function commitSetOf(row: JobRow): CommitSet | undefined {
  return row.commitSet === null ? undefined : (JSON.parse(row.commitSet) as CommitSet);
}
