/** Whether a run may still end its job, and whether it did so already and lost the reply. */
import type { JobStatus, Lease } from '../../job/job.ts';
import type { JobRow } from '../entities/job-row.ts';
import { holdsLease } from './locked-job.ts';

/** Before the decision, and under the newest lease only. */
export function mayEnd(job: JobRow, lease: Lease): boolean {
  return job.status === 'IN_PROGRESS' && holdsLease(job, lease);
}

/** An epoch belongs to one claim and every later change of hands raises it: the job came to this status under this lease. */
export function endedUnder(job: JobRow, lease: Lease, status: JobStatus): boolean {
  return job.status === status && job.leaseEpoch === lease.epoch;
}
