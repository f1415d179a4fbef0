/** `enqueue`: publishes a job for the workers, and follows it when asked. */
import type { Command } from 'commander';
import { jobName, type JobRequest } from '../job/job.ts';
import type { CliApp } from './app-port.ts';
import { failed, wrongUsage, type ExitCode } from './command-error.ts';
import { enqueueAll } from './enqueue-all.ts';
import { followJob } from './follow-job.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { printOutcome } from './job-outcome.ts';
import { jobRequest, withJobOptions, type JobOptions } from './job-request.ts';
import { startProgressBar } from './progress-bar.ts';
import { migratedState, type Session } from './session.ts';

type EnqueueOptions = JobOptions &
  JsonOption & { readonly wait?: boolean; readonly all?: boolean; readonly jitter?: string };

export function addEnqueueCommand(program: Command, session: Session): void {
  const command = withJobOptions(program.command('enqueue'), '[org]')
    .description(
      'publish a job for the workers; needs Pub/Sub only, and with --wait or --all the database too',
    )
    .option('--wait', 'follow the job to its end: exit code 0 only for SUCCESS; Ctrl-C stops following')
    .option('--all', 'one job for every organization that is not paused, all under one job id')
    .option('--jitter <seconds>', 'with --all: publish each at a random moment within this time')
    .action((organizationId: string | undefined, options: EnqueueOptions) => {
      if (options.all) {
        const jitterSeconds = jitterOf(organizationId, options);
        return session.run((app) => enqueueAll(app, session, { ...options, jitterSeconds }));
      }
      if (organizationId === undefined) throw wrongUsage('name an organization, or say --all');
      if (options.jitter !== undefined) throw wrongUsage('--jitter is for --all');
      const request = jobRequest(organizationId, options, session.io);
      return session.run((app) => enqueue(request, app, session, options));
    });
  withJson(command, 'the published job or jobs, or with --wait the finished one');
  withExamples(command, [
    ['enqueue acme', 'copy what is new, on some worker'],
    ['enqueue acme --wait', 'and wait for it'],
    ['enqueue --all --jitter 600', 'copy what is new everywhere, started within ten minutes'],
    ['enqueue acme --type backfill --from 2026-01-01 --to 2026-02-01', 'copy January again'],
  ]);
}

/** What the options of --all leave no doubt about; an organization beside it would be a slip. */
function jitterOf(organizationId: string | undefined, { type, wait, jitter = '0' }: EnqueueOptions): number {
  if (organizationId !== undefined) throw wrongUsage(`--all and ${organizationId} exclude each other`);
  if (wait) throw wrongUsage('--wait is for one organization: see how all are doing with status');
  if (type === 'backfill' || type === 'repair')
    throw wrongUsage(`--all is for incremental and verify: a ${type} is for one organization`);
  const seconds = /^\d{1,5}$/.test(jitter) ? Number(jitter) : Number.NaN;
  if (!(seconds <= 86_400)) throw wrongUsage(`--jitter is "${jitter}": use whole seconds, 86400 at most`);
  return seconds;
}

async function enqueue(
  request: JobRequest,
  app: CliApp,
  session: Session,
  { wait = false, json = false }: EnqueueOptions,
): Promise<ExitCode> {
  // Before publishing: a database that cannot be asked must not be found out afterwards.
  const state = wait ? await migratedState(app) : undefined;
  const messageId = await app.publish(request);
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
  const bar = startProgressBar(jobName(request), session.io, !json);
  const stopListening = session.io.onInterrupt(() => interruption.abort());
  try {
    const job = await followJob(request, state, {
      signal: interruption.signal,
      pollMs: session.io.pollMs,
      onProgress: (progress) => bar.update(progress),
      onNobody: () => {
        bar.stop();
        session.note(
          `no worker has taken ${jobName(request)} yet: is one running on this database and subscription?`,
        );
      },
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
