/** The filter behind ?organization=&job=&status=&reason=&before=&limit=, and the query that says it again. */
import { JOB_STATUSES, type JobStatus } from '../job/job.ts';
import { REASONS, type Reason } from '../job/reason.ts';
import { HttpProblem } from './envelope.ts';

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Which jobs are listed, and from where on. */
export type JobListFilter = {
  readonly organizationId?: string | undefined;
  readonly jobIdContains?: string | undefined;
  readonly status?: readonly JobStatus[] | undefined;
  readonly reason?: Reason | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
};

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;
const PARAMETERS = ['organization', 'job', 'status', 'reason', 'before', 'limit'];

/** Reads the filter; answers 400 with every violation. */
export function jobFilter(query: Query): JobListFilter {
  const violations = Object.keys(query)
    .filter((name) => !PARAMETERS.includes(name))
    .map((name) => `${JSON.stringify(name)} is not a parameter: use ${PARAMETERS.join(', ')}`);
  const words = [query['status'] ?? []].flat().flatMap((text) => text.split(','));
  const status = words.filter((word) => word !== '').map((word) => word.toUpperCase());
  for (const word of status)
    if (!(JOB_STATUSES as readonly string[]).includes(word))
      violations.push(`status ${JSON.stringify(word)} is none of ${JOB_STATUSES.join(', ')}`);
  const reason = given(query, 'reason');
  if (reason !== undefined && !Object.hasOwn(REASONS, reason))
    violations.push(`reason ${JSON.stringify(reason)} is none of those in the runbook`);
  const limit = wholeNumber(query, 'limit', MAX_LIMIT, violations) ?? DEFAULT_LIMIT;
  const beforeId = wholeNumber(query, 'before', Number.MAX_SAFE_INTEGER, violations);
  if (violations.length > 0)
    throw new HttpProblem(400, 'invalid_request', violations[0] as string, violations);
  const organizationId = given(query, 'organization');
  const jobIdContains = given(query, 'job');
  return {
    limit,
    ...(organizationId === undefined ? {} : { organizationId }),
    ...(jobIdContains === undefined ? {} : { jobIdContains }),
    ...(status.length === 0 ? {} : { status: status as JobStatus[] }),
    ...(reason === undefined ? {} : { reason: reason as Reason }),
    ...(beforeId === undefined ? {} : { beforeId }),
  };
}

/** The query that asks for this filter, with its question mark; nothing where nothing is asked. */
export function filterQuery(filter: JobListFilter): string {
  const query = new URLSearchParams();
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') query.set(name, String(value));
  };
  add('organization', filter.organizationId);
  add('job', filter.jobIdContains);
  add('status', filter.status?.join(','));
  add('reason', filter.reason);
  add('before', filter.beforeId);
  add('limit', filter.limit === DEFAULT_LIMIT ? undefined : filter.limit);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** The first value of a parameter; an empty one, as a form sends it, is none. */
function given(query: Query, name: string): string | undefined {
  const value = [query[name] ?? []].flat()[0];
  return value === '' ? undefined : value;
}

function wholeNumber(query: Query, name: string, max: number, violations: string[]): number | undefined {
  const text = given(query, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  violations.push(`${name} ${JSON.stringify(text)} is not a whole number from 1 to ${max}`);
  return undefined;
}
