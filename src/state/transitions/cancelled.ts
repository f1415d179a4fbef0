/** IN_PROGRESS → CANCELLED: the run has stopped because somebody asked it to. */
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { changeJob, lockJobAndOrganization, unlockOrganization, type LockedJob } from './locked-job.ts';
import { endedUnder, mayEnd } from './own-ending.ts';

/** The job is CANCELLED, or it was not ours any more. */
export type CancelledOutcome = { readonly kind: 'cancelled' } | { readonly kind: 'lost' };

/** Ends the job for whoever holds the lease, before the decision only; repeating it is fine. */
export function cancelled(database: Database, lease: Lease): Promise<CancelledOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (locked && endedUnder(locked.job, lease, 'CANCELLED')) return { kind: 'cancelled' };
    if (!locked || !mayEnd(locked.job, lease)) return { kind: 'lost' };
    await cancelLocked(locked);
    return { kind: 'cancelled' };
  });
}

/** Ends the locked job as CANCELLED and lets the organization go. */
export async function cancelLocked(locked: LockedJob): Promise<void> {
  await changeJob(locked, {
    status: 'CANCELLED',
    leaseExpiresAt: null,
    nextAttemptAt: null,
    cancelRequested: true,
    errorReason: 'cancelled',
    errorMessage: 'cancelled on request',
    finishedAt: locked.now,
  });
  await unlockOrganization(locked);
}
