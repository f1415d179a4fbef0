/** Asks a job to stop: at once where nobody runs it, at the next heartbeat where somebody does, never after the decision. */
import type { JobKey, JobStatus } from '../../job/job.ts';
import type { Database } from '../database.ts';
import { cancelLocked } from './cancelled.ts';
import { changeJob, hasLiveLease, lockJobAndOrganization } from './locked-job.ts';

/** What became of the wish. */
export type RequestCancelOutcome =
  /** The worker that runs it will see. */
  | { readonly kind: 'requested' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refused'; readonly status: JobStatus }
  | { readonly kind: 'not_found' };

/** QUEUED → CANCELLED, also IN_PROGRESS once its lease has run out; otherwise the wish is recorded, or refused. */
export function requestCancel(database: Database, key: JobKey): Promise<RequestCancelOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (!locked) return { kind: 'not_found' };
    const { job, now } = locked;
    if (job.status !== 'QUEUED' && job.status !== 'IN_PROGRESS')
      return { kind: 'refused', status: job.status };
    if (hasLiveLease(job, now)) {
      await changeJob(locked, { cancelRequested: true });
      return { kind: 'requested' };
    }
    await cancelLocked(locked);
    return { kind: 'cancelled' };
  });
}
