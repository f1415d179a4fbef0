/** IN_PROGRESS → QUEUED after a transient error; a COMMITTING job stays what it is and only rests. */
import type { Micros } from '../../job/instant.ts';
import type { Lease } from '../../job/job.ts';
import type { Reason } from '../../job/reason.ts';
import { recordAlert } from '../alert-store.ts';
import type { Database } from '../database.ts';
import { cancelLocked } from './cancelled.ts';
import { NO_CRASHES } from './crashes.ts';
import {
  changeJob,
  holdsLease,
  later,
  lockJobAndOrganization,
  NO_LEASE,
  unlockOrganization,
  type LockedJob,
} from './locked-job.ts';
import { endedUnder, mayEnd } from './own-ending.ts';

/** When the job may be claimed again, or that it was not ours any more. */
export type RetryLaterOutcome =
  { readonly kind: 'waiting'; readonly nextAttemptAt: Micros } | { readonly kind: 'lost' };

/**
 * Releases the lease until delayMs from now, by the database's clock; before the decision it counts an attempt and
 * frees the organization; after it, an alert is recorded. The process has lived through the run, so earlier deaths are not held against the job. A job that somebody asked to cancel is cancelled instead, and found so by the next claim.
 */
export function retryLater(
  database: Database,
  lease: Lease,
  reason: Reason,
  message: string,
  delayMs: number,
): Promise<RetryLaterOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (!locked) return { kind: 'lost' };
    const { job, now } = locked;
    if (isWaitingUnder(locked, lease)) return { kind: 'waiting', nextAttemptAt: job.nextAttemptAt ?? now };
    if (endedUnder(job, lease, 'CANCELLED')) return { kind: 'waiting', nextAttemptAt: now };
    const nextAttemptAt = later(now, delayMs);
    const rest = { ...NO_LEASE, nextAttemptAt, errorReason: reason, errorMessage: message };
    if (mayEnd(job, lease)) {
      if (job.cancelRequested) {
        await cancelLocked(locked);
        return { kind: 'waiting', nextAttemptAt: now };
      }
      await changeJob(locked, { ...rest, ...NO_CRASHES, status: 'QUEUED', attempts: job.attempts + 1 });
      await unlockOrganization(locked);
      return { kind: 'waiting', nextAttemptAt };
    }
    if (job.status === 'COMMITTING' && holdsLease(job, lease)) {
      await changeJob(locked, rest);
      // It goes on without end, so somebody has to know.
      const alert = { kind: 'commit_retrying', key: job, reason, message: `${reason}: ${message}` } as const;
      await recordAlert(session, alert, now);
      return { kind: 'waiting', nextAttemptAt };
    }
    return { kind: 'lost' };
  });
}

/** The same call was made before and its reply was lost. */
function isWaitingUnder({ job }: LockedJob, lease: Lease): boolean {
  const waits = job.status === 'QUEUED' || job.status === 'COMMITTING';
  return waits && job.leaseOwner === null && job.leaseEpoch === lease.epoch && job.nextAttemptAt !== null;
}
