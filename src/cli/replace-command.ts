/** `backfill` and `repair`: publish a job that copies a window again, in the place of what was copied. */
import type { Command } from 'commander';
import type { JobType } from '../job/job.ts';
import { withExamples, withJson } from './help.ts';
import { jobRequest, type JobOptions } from './job-request.ts';
import { publishJob, type PublishOptions } from './publish-job.ts';
import type { Session } from './session.ts';

type ReplaceOptions = Omit<JobOptions, 'type'> & PublishOptions;

/** Adds the command of a job type that replaces a window. */
export function addReplaceCommand(
  program: Command,
  session: Session,
  jobType: Extract<JobType, 'backfill' | 'repair'>,
  description: string,
): void {
  const command = program
    .command(jobType)
    .argument('<org>', 'organization')
    .description(description)
    .requiredOption('--from <time>', 'start of the window, not itself part of it: RFC 3339, or a date')
    .requiredOption('--to <time>', 'end of the window, at most the watermark')
    .option('--job-id <id>', 'idempotency key; default: a new one that sorts by time')
    .option('--wait', 'follow the job to its end: exit code 0 only for SUCCESS; Ctrl-C stops following')
    .action((organizationId: string, options: ReplaceOptions) => {
      const request = jobRequest(organizationId, { ...options, type: jobType }, session.io);
      return session.run((app) => publishJob(request, app, session, options));
    });
  withJson(command, 'the published job, or with --wait the finished one');
  withExamples(command, [
    [`${jobType} acme --from 2026-01-01 --to 2026-02-01`, 'copy January again'],
    [`${jobType} acme --from 2026-01-01 --to 2026-02-01 --wait`, 'and wait for it'],
  ]);
}
