/** IN_PROGRESS → QUEUED because this worker stops; a COMMITTING job stays what it is and only changes hands. */
import type { Lease } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { cancelLocked } from './cancelled.ts';
import {
  changeJob,
  holdsLease,
  lockJobAndOrganization,
  NO_LEASE,
  unlockOrganization,
  type LockedJob,
} from './locked-job.ts';
import { endedUnder, mayEnd } from './own-ending.ts';

/** The job was given back, or it was not ours any more. */
export type InterruptOutcome = { readonly kind: 'released' } | { readonly kind: 'lost' };

/**
 * Releases the job at once for another worker to resume; it counts as an interruption, never as an attempt. A job that
 * somebody asked to cancel is cancelled instead. Repeating it is fine.
 */
export function interrupt(database: Database, lease: Lease): Promise<InterruptOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, lease);
    if (!locked) return { kind: 'lost' };
    const { job } = locked;
    if (isReleasedUnder(locked, lease) || endedUnder(job, lease, 'CANCELLED')) return { kind: 'released' };
    const released = { ...NO_LEASE, nextAttemptAt: null, interruptions: job.interruptions + 1 };
    if (mayEnd(job, lease)) {
      if (job.cancelRequested) {
        await cancelLocked(locked);
        return { kind: 'released' };
      }
      await changeJob(locked, { ...released, status: 'QUEUED' });
      await unlockOrganization(locked);
      return { kind: 'released' };
    }
    if (job.status === 'COMMITTING' && holdsLease(job, lease)) {
      await changeJob(locked, released);
      return { kind: 'released' };
    }
    return { kind: 'lost' };
  });
}

/** The same call was made before and its reply was lost. */
function isReleasedUnder({ job }: LockedJob, lease: Lease): boolean {
  const released = job.status === 'QUEUED' || job.status === 'COMMITTING';
  return released && job.leaseOwner === null && job.leaseEpoch === lease.epoch && job.nextAttemptAt === null;
}
