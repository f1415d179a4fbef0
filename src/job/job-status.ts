/** The graph of job statuses: which may follow which, and which are final. */
import type { JobStatus } from './job.ts';

/**
 * Every allowed transition. A retry by an operator is the only way out of FAILED and CANCELLED;
 * COMMITTING goes back to IN_PROGRESS only for a new plan, once the commit is proven to have had no effect.
 */
export const STATUS_GRAPH: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  QUEUED: ['IN_PROGRESS', 'FAILED', 'CANCELLED'],
  IN_PROGRESS: ['QUEUED', 'COMMITTING', 'SUCCESS', 'FAILED', 'CANCELLED'],
  COMMITTING: ['SUCCESS', 'IN_PROGRESS'],
  SUCCESS: [],
  FAILED: ['QUEUED'],
  CANCELLED: ['QUEUED'],
};

/** Those in which a job has ended. */
export const TERMINAL_STATUSES: readonly JobStatus[] = ['SUCCESS', 'FAILED', 'CANCELLED'];

/** Whether a job in this status has ended; its message may be acked. */
export function isTerminal(status: JobStatus): boolean {
  return TERMINAL_STATUSES.includes(status);
}
