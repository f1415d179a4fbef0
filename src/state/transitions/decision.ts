/** The conditions under which a job may decide to commit. Source: design.md §3, step 2. */
import type { Micros } from '../../job/instant.ts';
import type { Lease } from '../../job/job.ts';
import { planOf } from '../job-record.ts';
import { holdsLease, type LockedJob } from './locked-job.ts';

/** Why a job may not decide. */
export type Undecided =
  | { readonly kind: 'cancelled' }
  /** The plan began at another watermark than the organization has now: plan anew. */
  | { readonly kind: 'watermark_moved'; readonly watermark: Micros | undefined }
  | { readonly kind: 'lost' };

/** Undefined when the locked job may decide under this lease and plan number. */
export function obstacleToDecide(locked: LockedJob, lease: Lease, planNumber: number): Undecided | undefined {
  const { job, organization } = locked;
  const mine = job.status === 'IN_PROGRESS' && holdsLease(job, lease) && job.planNumber === planNumber;
  if (!mine || organization?.activeJob !== job.jobId) return { kind: 'lost' };
  if (job.cancelRequested) return { kind: 'cancelled' };
  if (job.jobType !== 'incremental') return undefined;
  const plan = planOf(job);
  // Planning found nothing to copy, so no plan was stored and the watermark it started from does not matter.
  if (!plan) return undefined;
  const watermark = organization.lastSuccessfulRun ?? undefined;
  return plan.window.lo === watermark ? undefined : { kind: 'watermark_moved', watermark };
}
