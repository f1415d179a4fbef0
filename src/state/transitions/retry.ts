/** FAILED or CANCELLED → QUEUED: an operator wants the job tried again, from its plan on. */
import type { JobKey, JobStatus } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { NO_CRASHES } from './crashes.ts';
import { changeJob, lockJobAndOrganization, NO_LEASE } from './locked-job.ts';

/** Whether the job waits to be claimed again. */
export type RetryOutcome =
  | { readonly kind: 'queued' }
  | { readonly kind: 'refused'; readonly status: JobStatus }
  | { readonly kind: 'not_found' };

/** Forgets attempts, plan, commit set and error. The caller audits it and publishes the job again. */
export function retry(database: Database, key: JobKey): Promise<RetryOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (!locked) return { kind: 'not_found' };
    const { job, now } = locked;
    if (job.status !== 'FAILED' && job.status !== 'CANCELLED') return { kind: 'refused', status: job.status };
    await changeJob(locked, {
      ...NO_LEASE,
      status: 'QUEUED',
      attempts: 0,
      ...NO_CRASHES,
      // Whoever still holds the lease of the failed run has no say in the new one.
      leaseEpoch: job.leaseEpoch + 1,
      planNumber: job.planNumber + 1,
      plan: null,
      commitSet: null,
      errorReason: null,
      errorMessage: null,
      rowsRead: null,
      rowsWritten: null,
      bytesWritten: null,
      cancelRequested: false,
      nextAttemptAt: null,
      doorbellSeenAt: now,
      startedAt: null,
      finishedAt: null,
    });
    return { kind: 'queued' };
  });
}
