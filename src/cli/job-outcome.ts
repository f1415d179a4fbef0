/** Says how a job ended, or where it stands, and what that means for the exit code. */
import { jobDetailJson } from '../http/job-json.ts';
import { isTerminal } from '../job/job-status.ts';
import { jobName } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import { failed, type CommandError, type ExitCode } from './command-error.ts';
import { between, count, size } from '../http/human-text.ts';
import { retryCommand } from './next-commands.ts';
import { STATUS_STYLES } from './paint.ts';
import type { Session } from './session.ts';

/** Prints the job as one line, or as JSON whatever its status; throws unless it succeeded. */
export async function printOutcome(
  job: JobRecord,
  state: State,
  session: Session,
  json: boolean,
): Promise<ExitCode> {
  if (json) session.printJson(await fullJobJson(job, state));
  if (job.status !== 'SUCCESS') throw unsuccessful(job);
  if (!json)
    session.print(
      job.jobType === 'verify' ? await verifiedLine(job, state, session) : successLine(job, session),
    );
  return 0;
}

/** The job with steps and batches of its present plan. */
export async function fullJobJson(job: JobRecord, state: State): Promise<ReturnType<typeof jobDetailJson>> {
  const steps = await state.steps.list(job);
  const batches = await state.batches.list(job, job.planNumber);
  return jobDetailJson(job, steps, batches);
}

function successLine(job: JobRecord, { paint }: Session): string {
  const status = paint(STATUS_STYLES.SUCCESS, job.status);
  const rows = job.rowsWritten ?? 0;
  if (rows === 0) return `${jobName(job)} ${status}: nothing new to copy`;
  const read = job.rowsRead === undefined || job.rowsRead === rows ? '' : ` of ${count(job.rowsRead)} read`;
  const took = between(job.startedAt, job.finishedAt);
  return `${jobName(job)} ${status}: ${count(rows)} rows${read}, ${size(job.bytesWritten)} in ${took}`;
}

/** What a verify job compared, and which days are being repaired. */
async function verifiedLine(job: JobRecord, state: State, { paint }: Session): Promise<string> {
  const verified = (await state.steps.list(job)).findLast(({ step }) => step === 'verify');
  const grown = verified?.detail['grown'];
  const days = Array.isArray(grown) ? grown.join(', ') : '';
  const outcome =
    days === '' ? 'no day has to be repaired' : `repaired because they grew at the source: ${days}`;
  return `${jobName(job)} ${paint(STATUS_STYLES.SUCCESS, job.status)}: ${count(job.rowsRead ?? 0)} rows compared; ${outcome}`;
}

function unsuccessful(job: JobRecord): CommandError {
  const name = jobName(job);
  const [organizationId, jobId] = [job.organizationId, job.jobId];
  const why = `${job.errorReason ?? 'no reason recorded'}: ${job.errorMessage ?? 'no message recorded'}`;
  if (job.needsOperator)
    return failed(
      `${name} needs an operator (${why}); pulse-billing-etl show ${organizationId} ${jobId} has the query that counts them`,
    );
  if (job.status === 'CANCELLED')
    return failed(`${name} was cancelled; if it is wanted after all: ${retryCommand(job)}`);
  if (isTerminal(job.status))
    return failed(`${name} ${job.status}, ${why}; once that is mended: ${retryCommand(job)}`);
  const after = job.errorReason === undefined ? '' : ` after ${why}`;
  return failed(
    `${name} has not ended: it is ${job.status}${after}; a worker or another run goes on from there`,
  );
}
