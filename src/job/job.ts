/** The job as the rest of the code knows it: its key, its type, its status and the lease under which it runs. */
import type { Micros } from './instant.ts';

/** The idempotency key: unique for ever. */
export type JobKey = { readonly organizationId: string; readonly jobId: string };

export const JOB_TYPES = ['incremental', 'backfill', 'verify', 'repair'] as const;
export type JobType = (typeof JOB_TYPES)[number];

export const JOB_STATUSES = [
  'QUEUED',
  'IN_PROGRESS',
  'COMMITTING',
  'SUCCESS',
  'FAILED',
  'CANCELLED',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const STEPS = [
  'plan',
  'ensure_destination',
  'extract',
  'transform',
  'load',
  'verify',
  'commit',
  'finish',
] as const;
export type Step = (typeof STEPS)[number];

/** The half-open range (lo, hi] of the cursor; lo undefined means from the beginning. */
export type Window = { readonly lo: Micros | undefined; readonly hi: Micros };

/** Whether jobs of the type put the rows of a window in the place of those that are there, instead of adding to them. */
export function replacesWindow(jobType: JobType): boolean {
  return jobType === 'backfill' || jobType === 'repair';
}

/** A validated request to run a job, whichever way it arrived. */
export type JobRequest = JobKey & {
  readonly jobType: JobType;
  readonly window: { readonly start: Micros; readonly end: Micros } | undefined;
  readonly requestedBy: string | undefined;
};

/** The right to run a job: every write of a run carries it, and a write under an older epoch changes nothing. */
export type Lease = JobKey & { readonly owner: string; readonly epoch: number };

/** The key as logs, lineage and messages write it: `organization/job`. */
export function jobName(key: JobKey): string {
  return `${key.organizationId}/${key.jobId}`;
}

/** The value of the `_etl_job_id` lineage column for one plan of a job. */
export function lineageOf(key: JobKey, planNumber: number): string {
  return `${jobName(key)}/${planNumber}`;
}
