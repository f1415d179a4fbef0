/** Hands a job that waits on record to the workers, or says how to run it without them. */
import { messageOf } from '../job/errors.ts';
import { jobJson } from '../http/job-json.ts';
import { jobName } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { CliApp } from './app-port.ts';
import { failed } from './command-error.ts';
import type { JsonOption } from './help.ts';
import { runCommand } from './next-commands.ts';
import type { Session } from './session.ts';

export type RunAgainOptions = JsonOption & { readonly publish: boolean };

/**
 * Publishes the job under its own key, type and window, and prints what was done to it; throws when publishing fails.
 * The job is on record by then, so it runs nevertheless.
 */
export async function runAgain(
  job: JobRecord,
  done: string,
  app: CliApp,
  session: Session,
  { publish, json = false }: RunAgainOptions,
): Promise<void> {
  if (json) session.printJson(jobJson(job));
  if (!publish) {
    if (!json) session.print(`${done}; to run it here: ${runCommand(job)}`);
    return;
  }
  const messageId = await published(job, done, app, session);
  if (!json) session.print(`${done}, published as message ${messageId}`);
}

async function published(job: JobRecord, done: string, app: CliApp, session: Session): Promise<string> {
  const { organizationId, jobId, jobType, window } = job;
  try {
    return await app.publish({ organizationId, jobId, jobType, window, requestedBy: session.io.user });
  } catch (error) {
    const why = messageOf(error);
    const seconds = (2 * app.config.jobs.leaseMs) / 1000;
    throw failed(
      `${done}, but publishing it failed (${why}): do not repeat this command; a running worker publishes ` +
        `${jobName(job)} by itself once two leases (${seconds} s) have passed, or run it here: ${runCommand(job)}`,
    );
  }
}
