/** A job as JSON: the column names of the tables, instants as RFC 3339 text, absent values as null. */
import type { Batch } from '../job/batch.ts';
import { formatInstant, type Micros } from '../job/instant.ts';
import { storePlan } from '../job/plan.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { StepRecord } from '../state/step-store.ts';

/** One element of a listing: every column of etl_jobs but the two large ones, plan and commit_set. */
export function jobJson(job: JobRecord) {
  return {
    organization_id: job.organizationId,
    job_id: job.jobId,
    job_type: job.jobType,
    status: job.status,
    window_start: instantJson(job.window?.start),
    window_end: instantJson(job.window?.end),
    attempts: job.attempts,
    interruptions: job.interruptions,
    next_attempt_at: instantJson(job.nextAttemptAt),
    doorbell_seen_at: instantJson(job.doorbellSeenAt),
    lease_owner: job.leaseOwner ?? null,
    lease_epoch: job.leaseEpoch,
    lease_expires_at: instantJson(job.leaseExpiresAt),
    plan_number: job.planNumber,
    needs_operator: job.needsOperator,
    rows_read: job.rowsRead ?? null,
    rows_written: job.rowsWritten ?? null,
    bytes_written: job.bytesWritten ?? null,
    error_reason: job.errorReason ?? null,
    error_message: job.errorMessage ?? null,
    cancel_requested: job.cancelRequested,
    requested_by: job.requestedBy ?? null,
    message_id: job.messageId ?? null,
    created_at: instantJson(job.createdAt),
    started_at: instantJson(job.startedAt),
    finished_at: instantJson(job.finishedAt),
    updated_at: instantJson(job.updatedAt),
  };
}

/** One job with everything known of it. */
export function jobDetailJson(job: JobRecord, steps: readonly StepRecord[], batches: readonly Batch[]) {
  return {
    ...jobJson(job),
    plan: job.plan === undefined ? null : storePlan(job.plan),
    commit_set: job.commitSet ?? null,
    steps: steps.map(stepJson),
    batches: batches.map((batch) => batchJson(batch, job.planNumber)),
  };
}

/** RFC 3339 with six decimals, or null. */
export function instantJson(instant: Micros | undefined): string | null {
  return instant === undefined ? null : formatInstant(instant);
}

function stepJson(step: StepRecord) {
  return {
    plan_number: step.planNumber,
    step: step.step,
    status: step.status,
    started_at: instantJson(step.startedAt),
    finished_at: instantJson(step.finishedAt),
    detail: step.detail,
  };
}

function batchJson(batch: Batch, planNumber: number) {
  return {
    plan_number: planNumber,
    stream: batch.stream,
    batch: batch.batch,
    read_offset: batch.readOffset,
    write_offset: batch.writeOffset,
    rows_read: batch.rowsRead,
    rows_written: batch.rowsWritten,
    rows_dropped: batch.rowsDropped,
    rows_quarantined: batch.rowsQuarantined,
    bytes: batch.bytes,
    totals: batch.totals,
    state: batch.state,
  };
}
