/** Runs queries as jobs under ids of our own, so that a lost reply never runs one twice, and returns their few rows as text. */
import { randomUUID } from 'node:crypto';
import { TransientError } from '../job/errors.ts';
import type { Environment } from './environment.ts';
import { classifyJobFailure } from './errors.ts';
import type { TableSchema } from '../job/table-schema.ts';
import { fromRestFields, type RestField } from './schema.ts';
import { restAnswer, restCall } from './rest.ts';

/** A query of GoogleSQL; parameters are STRINGs by name. */
export type Query = {
  readonly sql: string;
  readonly location: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Ten minutes unless given. */
  readonly timeoutMs?: number;
  /** Stops the waiting, and as far as possible the query; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** What the query is for, as the end of "while …". */
  readonly doing: string;
};

/** A result row: every value as BigQuery's JSON writes it, by column name. */
export type QueryRow = Readonly<Record<string, string | null>>;

type Failure = { readonly reason?: string; readonly message?: string };
type JobResource = {
  readonly status?: { readonly errorResult?: Failure };
  readonly statistics?: {
    readonly totalBytesProcessed?: string;
    readonly query?: { readonly schema?: { readonly fields?: readonly RestField[] } };
  };
};
type ResultPage = {
  readonly jobComplete?: boolean;
  readonly pageToken?: string;
  readonly errors?: readonly Failure[];
  readonly schema?: { readonly fields?: readonly { readonly name: string }[] };
  readonly rows?: readonly { readonly f: readonly { readonly v: string | null }[] }[];
};

const QUERY_TIMEOUT_MS = 10 * 60_000;
const LONG_POLL_MS = 10_000;
const HTTP_CONFLICT = 409;

/** The rows of a query; a query that has not ended in time is cancelled and fails as unavailable. */
export async function runQuery(environment: Environment, query: Query): Promise<readonly QueryRow[]> {
  const jobId = `pulse_billing_etl_${randomUUID()}`;
  const body = {
    jobReference: { projectId: environment.settings.projectId, jobId, location: query.location },
    configuration: configuration(environment, query),
  };
  const inserted = await restAnswer<JobResource>(environment, jobCall(environment, query, body), [
    HTTP_CONFLICT,
  ]);
  // The id is ours and random: a job that has it already is this one, inserted by a try whose reply was lost.
  if (inserted.kind === 'ok') throwIfFailed(environment, query, inserted.body);
  return readRows(environment, query, jobId);
}

/** Bytes the query would be billed for and the columns it would have; runs nothing and costs nothing. */
export async function dryRun(
  environment: Environment,
  query: Query,
): Promise<{ readonly bytes: number; readonly schema: TableSchema }> {
  const body = {
    jobReference: { projectId: environment.settings.projectId, location: query.location },
    configuration: { ...configuration(environment, query), dryRun: true },
  };
  const job = await restCall<JobResource>(environment, jobCall(environment, query, body));
  throwIfFailed(environment, query, job);
  const { totalBytesProcessed, query: told } = job.statistics ?? {};
  return { bytes: Number(totalBytesProcessed ?? 0), schema: fromRestFields(told?.schema?.fields ?? []) };
}

function configuration({ settings }: Environment, query: Query): object {
  return {
    ...(settings.labels && { labels: settings.labels }),
    // Ends the query at the service too when nobody is left to cancel it.
    jobTimeoutMs: String(query.timeoutMs ?? QUERY_TIMEOUT_MS),
    query: {
      query: query.sql,
      useLegacySql: false,
      ...(settings.maximumBytesBilled !== undefined && {
        maximumBytesBilled: settings.maximumBytesBilled.toString(),
      }),
      ...(query.parameters && { parameterMode: 'NAMED', queryParameters: namedParameters(query.parameters) }),
    },
  };
}

function namedParameters(parameters: Readonly<Record<string, string>>): object[] {
  return Object.entries(parameters).map(([name, value]) => ({
    name,
    parameterType: { type: 'STRING' },
    parameterValue: { value },
  }));
}

function jobCall({ settings }: Environment, { doing, signal }: Query, body: object) {
  const { projectId: project } = settings;
  return { method: 'POST', project, path: '/jobs', insertsJob: true, body, doing, signal } as const;
}

async function readRows(environment: Environment, query: Query, jobId: string): Promise<readonly QueryRow[]> {
  const timeoutMs = query.timeoutMs ?? QUERY_TIMEOUT_MS;
  const deadlineMs = environment.clock.nowMs() + timeoutMs;
  const rows: QueryRow[] = [];
  let pageToken: string | undefined;
  for (;;) {
    const page = await restCall<ResultPage>(environment, {
      method: 'GET',
      project: environment.settings.projectId,
      path: `/queries/${jobId}`,
      query: { location: query.location, timeoutMs: LONG_POLL_MS, pageToken },
      doing: query.doing,
    });
    if (page.jobComplete) {
      // Errors beside a result may be warnings; only the job itself says whether it failed.
      if (page.errors?.length) await throwIfJobFailed(environment, query, jobId, page.errors);
      rows.push(...rowsOf(page));
      if (!page.pageToken) return rows;
      pageToken = page.pageToken;
    } else if (query.signal?.aborted) {
      await cancelJob(environment, query, jobId);
      throw query.signal.reason;
    } else if (environment.clock.nowMs() > deadlineMs) {
      await cancelJob(environment, query, jobId);
      throw new TransientError(
        'warehouse_unavailable',
        `query job ${jobId} had not ended after ${timeoutMs / 60_000} minutes while ${query.doing}; it was cancelled`,
      );
    }
  }
}

function rowsOf({ schema, rows = [] }: ResultPage): QueryRow[] {
  const names = schema?.fields?.map(({ name }) => name) ?? [];
  return rows.map(({ f }) => Object.fromEntries(names.map((name, i) => [name, f[i]?.v ?? null])));
}

async function throwIfJobFailed(
  environment: Environment,
  query: Query,
  jobId: string,
  errors: readonly Failure[],
): Promise<void> {
  const job = await restCall<JobResource>(environment, {
    method: 'GET',
    project: environment.settings.projectId,
    path: `/jobs/${jobId}`,
    query: { location: query.location },
    doing: query.doing,
  });
  throwIfFailed(environment, query, job, errors);
}

function throwIfFailed(
  environment: Environment,
  query: Query,
  { status }: JobResource,
  errors: readonly Failure[] = [],
): void {
  const failure = status?.errorResult;
  if (!failure) return;
  const message = failure.message ?? errors.map((error) => error.message).join('; ');
  throw classifyJobFailure({ ...failure, message }, environment.restCall(query.doing));
}

async function cancelJob(environment: Environment, query: Query, jobId: string): Promise<void> {
  // Best effort: a query that goes on reading harms nobody but the bill.
  await restCall(environment, {
    method: 'POST',
    project: environment.settings.projectId,
    path: `/jobs/${jobId}/cancel`,
    query: { location: query.location },
    doing: query.doing,
  }).catch(() => undefined);
}
