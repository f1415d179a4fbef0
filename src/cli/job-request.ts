/** Turns the arguments of a command into a validated job request. */
import { Option, type Command } from 'commander';
import { parseInstant, type Micros } from '../job/instant.ts';
import { JOB_TYPES, type JobRequest, type JobType } from '../job/job.ts';
import { parseMessage } from '../job/message.ts';
import type { CliIo } from './cli-io.ts';
import { wrongUsage } from './command-error.ts';

export type JobOptions = {
  readonly jobId?: string;
  readonly type: JobType;
  readonly from?: string;
  readonly to?: string;
};

/** Adds ORG and the options that describe a job. */
export function withJobOptions(command: Command, organization = '<org>'): Command {
  return command
    .argument(organization, 'organization')
    .option('--job-id <id>', 'idempotency key; default: a new one that sorts by time')
    .addOption(new Option('--type <type>', 'job type').choices(JOB_TYPES).default('incremental'))
    .option('--from <time>', 'start of the window: RFC 3339, or a date for its midnight in UTC')
    .option('--to <time>', 'end of the window');
}

/** The request, by the same rules as for a message; a violation is wrong usage. */
export function jobRequest(organizationId: string, options: JobOptions, io: CliIo): JobRequest {
  const { type, from, to } = options;
  const window = windowText(type, from, to);
  const body = {
    organization_id: idGiven('the organization', organizationId),
    job_id: options.jobId === undefined ? newJobId(io) : idGiven('--job-id', options.jobId),
    job_type: type,
    ...(window === undefined ? {} : { window }),
    requested_by: io.user,
  };
  const parsed = parseMessage(new TextEncoder().encode(JSON.stringify(body)));
  if (parsed.kind === 'invalid') throw wrongUsage(parsed.violations.join('; '));
  return parsed.request;
}

/** An instant as people write it: RFC 3339, or a date alone for its midnight in UTC; option names it in the error. */
export function instantOption(option: string, text: string): Micros {
  const instant = parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (instant === undefined)
    throw wrongUsage(`${option} is "${text}": use RFC 3339 such as 2026-01-31T00:00:00Z, or a date`);
  return instant;
}

/** The id of an organization or a job, by the rule for messages; what names it in the error. */
export function idGiven(what: string, text: string): string {
  if (/^[A-Za-z0-9._-]{1,255}$/.test(text)) return text;
  throw wrongUsage(`${what} is "${text}": use 1 to 255 of A-Z a-z 0-9 . _ -`);
}

/** Sorts by time as text, and two made in one millisecond still differ. */
export function newJobId({ now, randomSuffix }: CliIo): string {
  return `${now().toISOString().replace(/[-:.]/g, '')}-${randomSuffix()}`;
}

function windowText(type: JobType, from?: string, to?: string): { start: string; end: string } | undefined {
  if (from === undefined && to === undefined) {
    if (type === 'incremental' || type === 'verify') return undefined;
    throw wrongUsage(`--type ${type} needs --from and --to`);
  }
  // A time that is none is told before what it would be good for.
  const [start, end] = [instantIn('--from', from), instantIn('--to', to)];
  if (type === 'incremental')
    throw wrongUsage(
      '--from and --to need --type backfill, repair or verify: an incremental job finds its own window',
    );
  if (from === undefined || to === undefined || start === undefined || end === undefined)
    throw wrongUsage('--from and --to go together: give both');
  if (start >= end) throw wrongUsage(`--from ${from} is not before --to ${to}`);
  return { start: midnight(from), end: midnight(to) };
}

function instantIn(option: string, text: string | undefined): Micros | undefined {
  return text === undefined ? undefined : instantOption(option, text);
}

function midnight(text: string): string {
  return text.length === 10 ? `${text}T00:00:00Z` : text;
}
