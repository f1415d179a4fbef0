/** `run`: one job here and now, without Pub/Sub. */
import type { Command } from 'commander';
import { isTerminal } from '../job/job-status.ts';
import { jobName, type JobRequest } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { CliApp } from './app-port.ts';
import { organizationNotFound, refused, type ExitCode } from './command-error.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { printOutcome } from './job-outcome.ts';
import { startJobBar } from './job-bar.ts';
import { jobRequest, withJobOptions, type JobOptions } from './job-request.ts';
import { runCommand } from './next-commands.ts';
import { migratedState, type Session } from './session.ts';

type RunOptions = JobOptions & JsonOption;

export function addRunCommand(program: Command, session: Session): void {
  const command = withJobOptions(program.command('run'))
    .description('run one job here and now, without Pub/Sub; Ctrl-C stops it at its next checkpoint')
    .action((organizationId: string, options: RunOptions) => {
      const request = jobRequest(organizationId, options, session.io);
      return session.run((app) => run(request, app, session, options));
    });
  withJson(command, 'the job');
  withExamples(command, [
    ['run acme', 'copy what is new'],
    ['run acme --job-id 2026-01-31', 'under a key of yours: a second call does nothing'],
    ['run acme --json | jq .rows_written', 'for scripts'],
  ]);
}

async function run(
  request: JobRequest,
  app: CliApp,
  session: Session,
  { json = false }: RunOptions,
): Promise<ExitCode> {
  const state = await migratedState(app);
  const organization = await state.organizations.find(request.organizationId);
  if (!organization) throw organizationNotFound(request.organizationId);
  if (organization.paused)
    throw refused(
      `organization "${request.organizationId}" is paused: pulse-billing-etl org resume ${request.organizationId}`,
    );
  const known = await state.jobs.find(request);
  // Nobody may run it before it is settled, and waiting for that would look like a run.
  if (known?.needsOperator) return printOutcome(known, state, session, json);
  const job = await runWithProgress(request, app, session, !json);
  return printOutcome(job, state, session, json);
}

async function runWithProgress(
  request: JobRequest,
  app: CliApp,
  session: Session,
  showBar: boolean,
): Promise<JobRecord> {
  const interruption = new AbortController();
  const bar = startJobBar(jobName(request), session, showBar);
  const stopListening = session.io.onInterrupt(() => {
    // A second Ctrl-C ends the process at once: the lease then runs out by itself.
    stopListening();
    bar.stop();
    session.note(`stopping ${jobName(request)} at its next checkpoint; Ctrl-C again ends at once`);
    interruption.abort();
  });
  try {
    const job = await app.runJob(request, {
      signal: interruption.signal,
      onStep: (step) => bar.enter(step),
      onProgress: (progress) => bar.update(progress),
    });
    bar.stop();
    if (interruption.signal.aborted && !isTerminal(job.status))
      session.note(
        `nothing of it is visible yet; it goes on from its last checkpoint with: ${runCommand(job)}`,
      );
    return job;
  } finally {
    bar.stop();
    stopListening();
  }
}
