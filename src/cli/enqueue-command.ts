/** `enqueue`: publishes a job for the workers, and follows it when asked. */
import type { Command } from 'commander';
import { wrongUsage } from './command-error.ts';
import { enqueueAll } from './enqueue-all.ts';
import { withExamples, withJson } from './help.ts';
import { jobRequest, withJobOptions, type JobOptions } from './job-request.ts';
import { publishJob, type PublishOptions } from './publish-job.ts';
import type { Session } from './session.ts';

type EnqueueOptions = JobOptions & PublishOptions & { readonly all?: boolean; readonly jitter?: string };

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
        // What is wrong with the options is wrong for each of them, and told before anything is opened.
        jobRequest('each', options, session.io);
        return session.run((app) => enqueueAll(app, session, { ...options, jitterSeconds }));
      }
      if (organizationId === undefined) throw wrongUsage('name an organization, or say --all');
      if (options.jitter !== undefined) throw wrongUsage('--jitter is for --all');
      const request = jobRequest(organizationId, options, session.io);
      return session.run((app) => publishJob(request, app, session, options));
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
