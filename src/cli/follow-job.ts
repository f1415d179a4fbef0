/** Follows a job that a worker somewhere runs, by looking at the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { time } from '../http/human-text.ts';
import { isTerminal } from '../job/job-status.ts';
import type { JobKey } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { JobBar } from './job-bar.ts';

export type Following = {
  readonly signal: AbortSignal;
  readonly pollMs: number;
  /** Is shown how far the job is. */
  readonly bar: JobBar;
  /** Called once when no worker has taken the job for a while. */
  readonly onNobody: () => void;
};

const NOBODY_AFTER_POLLS = 20;

/** The job once it has ended or needs an operator; undefined when the signal aborted first. */
export async function followJob(
  key: JobKey,
  state: State,
  { signal, pollMs, bar, onNobody }: Following,
): Promise<JobRecord | undefined> {
  for (let polls = 1; !signal.aborted; polls += 1) {
    const job = await state.jobs.find(key);
    if (job && (isTerminal(job.status) || job.needsOperator)) return job;
    if (!job && polls === NOBODY_AFTER_POLLS) onNobody();
    if (job) await show(job, state, bar);
    else bar.wait('waiting for a worker');
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

async function show(job: JobRecord, state: State, bar: JobBar): Promise<void> {
  if (job.status === 'QUEUED') {
    bar.wait(whyQueued(job));
    return;
  }
  const steps = await state.steps.list(job);
  const latest = steps.findLast(({ planNumber }) => planNumber === job.planNumber);
  if (latest) bar.enter(latest.step);
  else bar.wait('starting');
  if (!job.plan) return;
  const { rowsWritten, bytesWritten } = await state.batches.progress(job, job.planNumber);
  bar.update({ rowsDone: rowsWritten, rowsEstimated: job.plan.estimatedRows, bytesDone: bytesWritten });
}

function whyQueued({ errorReason, nextAttemptAt }: JobRecord): string {
  if (errorReason === undefined || nextAttemptAt === undefined) return 'queued';
  return `tried in vain (${errorReason}), next attempt after ${time(nextAttemptAt)}`;
}
