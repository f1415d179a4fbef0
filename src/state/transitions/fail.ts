/** IN_PROGRESS or QUEUED → FAILED: records the reason, the dead letter and the alert together. */
import type { JobKey, Lease } from '../../job/job.ts';
import type { Reason } from '../../job/reason.ts';
import { recordAlert } from '../alert-store.ts';
import type { Database } from '../database.ts';
import { recordFailedJob } from '../dead-letter-store.ts';
import {
  changeJob,
  hasLiveLease,
  lockJobAndOrganization,
  unlockOrganization,
  type LockedJob,
} from './locked-job.ts';
import { endedUnder, mayEnd } from './own-ending.ts';

/** The job is FAILED, or it was not ours to fail. */
export type FailOutcome = { readonly kind: 'failed' } | { readonly kind: 'lost' };

/** Fails the job for whoever holds the lease, before the decision only; repeating it is fine. */
export function fail(
  database: Database,
  lease: Lease,
  reason: Reason,
  message: string,
): Promise<FailOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (locked && endedUnder(locked.job, lease, 'FAILED')) return { kind: 'failed' };
    if (!locked || !mayEnd(locked.job, lease)) return { kind: 'lost' };
    await failLocked(locked, reason, message);
    return { kind: 'failed' };
  });
}

/** Fails a job that nobody runs and nobody can: its organization is not configured. */
export function failUnclaimed(
  database: Database,
  key: JobKey,
  reason: Reason,
  message: string,
): Promise<FailOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (locked?.job.status === 'FAILED' && locked.job.errorReason === reason) return { kind: 'failed' };
    if (!locked || !isUnclaimed(locked)) return { kind: 'lost' };
    await failLocked(locked, reason, message);
    return { kind: 'failed' };
  });
}

function isUnclaimed({ job, now }: LockedJob): boolean {
  return (job.status === 'QUEUED' || job.status === 'IN_PROGRESS') && !hasLiveLease(job, now);
}

/** Fails the locked job with its dead letter and its alert, and lets the organization go. */
export async function failLocked(locked: LockedJob, reason: Reason, message: string): Promise<void> {
  const { session, job, now } = locked;
  await changeJob(locked, {
    status: 'FAILED',
    leaseExpiresAt: null,
    nextAttemptAt: null,
    errorReason: reason,
    errorMessage: message,
    finishedAt: now,
  });
  await recordFailedJob(session, job, reason, message, now);
  const kind = reason === 'crash_loop' ? 'crash_loop' : 'failed';
  await recordAlert(session, { kind, key: job, reason, message: `${reason}: ${message}` }, now);
  await unlockOrganization(locked);
}
