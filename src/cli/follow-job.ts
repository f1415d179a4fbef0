/** Follows a job that a worker somewhere runs, by looking at the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal } from '../job/job-status.ts';
import type { JobKey } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { JobProgress } from './app-port.ts';

export type Following = {
  readonly signal: AbortSignal;
  readonly pollMs: number;
  readonly onProgress: (progress: JobProgress) => void;
  /** Called once when no worker has taken the job for a while. */
  readonly onNobody: () => void;
};

const NOBODY_AFTER_POLLS = 20;

/** The job once it has ended or needs an operator; undefined when the signal aborted first. */
export async function followJob(
  key: JobKey,
  state: State,
  following: Following,
): Promise<JobRecord | undefined> {
  const { signal, pollMs } = following;
  for (let polls = 1; !signal.aborted; polls += 1) {
    const job = await state.jobs.find(key);
    if (job && (isTerminal(job.status) || job.needsOperator)) return job;
    if (!job && polls === NOBODY_AFTER_POLLS) following.onNobody();
    if (job?.plan) {
      const { rowsWritten, bytesWritten } = await state.batches.progress(key, job.planNumber);
      following.onProgress({
        rowsDone: rowsWritten,
        rowsEstimated: job.plan.estimatedRows,
        bytesDone: bytesWritten,
      });
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
