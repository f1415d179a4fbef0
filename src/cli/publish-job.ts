/** Publishes a job for the workers, and follows it when asked. */
import { jobName, type JobRequest } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { failed, type ExitCode } from './command-error.ts';
import { followJob } from './follow-job.ts';
import type { JsonOption } from './help.ts';
import { startJobBar } from './job-bar.ts';
import { printOutcome } from './job-outcome.ts';
import { migratedState, type Session } from './session.ts';

export type PublishOptions = JsonOption & { readonly wait?: boolean };

/** Publishes the job; with wait it is followed to its end, and the exit code is 0 only for SUCCESS. */
export async function publishJob(
  request: JobRequest,
  app: CliApp,
  session: Session,
  { wait = false, json = false }: PublishOptions,
): Promise<ExitCode> {
  // Before publishing: a database that cannot be asked must not be found out afterwards.
  const state = wait ? await migratedState(app) : undefined;
  const messageId = await published(request, app, session, json);
  const { organizationId, jobId, jobType } = request;
  if (!state) {
    if (json)
      session.printJson({
        organization_id: organizationId,
        job_id: jobId,
        job_type: jobType,
        message_id: messageId,
      });
    else session.print(`published ${jobName(request)} as message ${messageId}`);
    return 0;
  }
  if (!json) session.note(`published ${jobName(request)} as message ${messageId}`);
  const interruption = new AbortController();
  const bar = startJobBar(jobName(request), session, !json);
  const stopListening = session.io.onInterrupt(() => interruption.abort());
  try {
    const job = await followJob(request, state, {
      signal: interruption.signal,
      pollMs: session.io.pollMs,
      bar,
      onNobody: () =>
        session.note(
          `no worker has taken ${jobName(request)} yet: is one running on this database and subscription?`,
        ),
    });
    bar.stop();
    if (job) return await printOutcome(job, state, session, json);
    throw failed(
      `stopped following ${jobName(request)}, which goes on: pulse-billing-etl show ${organizationId} ${jobId}, ` +
        `or to stop it pulse-billing-etl cancel ${organizationId} ${jobId}`,
    );
  } finally {
    bar.stop();
    stopListening();
  }
}

/** A broker that does not answer takes a while to be given up. */
async function published(request: JobRequest, app: CliApp, session: Session, json: boolean): Promise<string> {
  const bar = startJobBar(jobName(request), session, !json);
  bar.wait('publishing');
  try {
    return await app.publish(request);
  } finally {
    bar.stop();
  }
}
