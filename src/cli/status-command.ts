/** `status`: the jobs, newest first. */
import { InvalidArgumentError, type Command } from 'commander';
import { jobJson } from '../http/job-json.ts';
import { JOB_STATUSES, type JobStatus } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { JobRecord } from '../state/job-record.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { between, count, time } from '../http/human-text.ts';
import { STATUS_STYLES } from './paint.ts';
import { migratedState, type Session } from './session.ts';
import { textTable, type Column } from './text-table.ts';
import { wholeOption } from './whole-option.ts';

type StatusOptions = JsonOption & {
  readonly org?: string;
  readonly status?: JobStatus[];
  readonly limit: number;
};

export function addStatusCommand(program: Command, session: Session): void {
  const command = program
    .command('status')
    .description('list jobs, newest first')
    .option('--org <org>', 'of this organization only')
    .option('--status <status,…>', `of these statuses only: ${JOB_STATUSES.join(', ')}`, statuses)
    .option('--limit <n>', 'at most so many', wholeOption(1, 10_000), 50)
    .action((options: StatusOptions) =>
      session.run(async (app) => {
        const state = await migratedState(app);
        const jobs = await state.jobs.list({
          limit: options.limit,
          ...(options.org === undefined ? {} : { organizationId: options.org }),
          ...(options.status === undefined ? {} : { status: options.status }),
        });
        if (options.json) session.printJson(jobs.map(jobJson));
        else {
          session.print(jobs.length === 0 ? 'no jobs' : textTable(jobs, COLUMNS, session.paint));
          const paused = pausedNote(await state.organizations.list(), options.org);
          if (paused !== undefined) session.print(session.paint('yellow', paused));
        }
      }),
    );
  withJson(command, 'an array of jobs');
  withExamples(command, [
    ['status', 'the last 50 jobs'],
    ['status --org acme --status FAILED', 'what failed for acme'],
    ['status --status queued,in_progress --json', 'what is not done yet, for scripts'],
  ]);
}

/** A job that waits because somebody said so must not look like one that is stuck. */
function pausedNote(organizations: readonly Organization[], only: string | undefined): string | undefined {
  const asked = organizations.filter(({ organizationId }) => only === undefined || organizationId === only);
  const paused = asked.filter((organization) => organization.paused);
  if (paused.length === 0) return undefined;
  if (only !== undefined) return `${only} is paused: pulse-billing-etl org resume ${only}`;
  const many = paused.length === asked.length ? 'all' : `${paused.length} of`;
  return `${many} ${asked.length} organizations are paused: pulse-billing-etl org list`;
}

const COLUMNS: readonly Column<JobRecord>[] = [
  { title: 'ORGANIZATION', value: (job) => job.organizationId },
  { title: 'JOB', value: (job) => job.jobId },
  { title: 'TYPE', value: (job) => job.jobType },
  {
    title: 'STATUS',
    value: (job) => (job.needsOperator ? `${job.status} !` : job.status),
    style: (job) => (job.needsOperator ? 'red' : STATUS_STYLES[job.status]),
  },
  { title: 'ATTEMPTS', value: (job) => `${job.attempts}`, align: 'right' },
  { title: 'ROWS', value: (job) => count(job.rowsWritten), align: 'right' },
  { title: 'CREATED', value: (job) => time(job.createdAt) },
  { title: 'TOOK', value: (job) => between(job.startedAt, job.finishedAt), align: 'right' },
  { title: 'REASON', value: (job) => (job.needsOperator ? 'needs operator' : (job.errorReason ?? '')) },
];

function statuses(text: string): JobStatus[] {
  return text.split(',').map((word) => {
    const status = JOB_STATUSES.find((candidate) => candidate === word.trim().toUpperCase());
    if (!status) throw new InvalidArgumentError(`"${word}" is none of ${JOB_STATUSES.join(', ')}.`);
    return status;
  });
}
