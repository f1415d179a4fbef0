/** Runs the one job that makes staged rows visible under its recorded id, and finds out what became of it whenever that is left open. */
import { createHash } from 'node:crypto';
import { TerminalError, TransientError } from '../job/errors.ts';
import type { JobCommitSet } from '../job/commit-set.ts';
import type { CommitJob, CommitJobOutcome, ReplacedRows, StagedRows } from '../etl/destination.ts';
import type { Environment } from './environment.ts';
import { classifyJobFailure } from './errors.ts';
import { restAnswer, restCall } from './rest.ts';
import { insertSql, replacementSql } from './replacement-sql.ts';

type Resource = {
  readonly configuration?: { readonly labels?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly state?: string;
    readonly errorResult?: { readonly reason?: string; readonly message?: string };
  };
};

const HTTP_NOT_FOUND = 404;
const HTTP_CONFLICT = 409;
/** BigQuery adds defaults to a configuration it stores, so the hash travels in a label. Values are at most 63 of [a-z0-9_-]. */
const HASH_LABEL = 'configuration_hash';
const HASH_LENGTH = 40;
/** A copy job takes seconds, and waits in a queue for minutes where a project has too many. */
const DEADLINE_MS = 30 * 60_000;
const FIRST_POLL_MS = 500;
const MAX_POLL_MS = 10_000;

/** The job's configuration with its hash; calls nothing. */
export function commitJob(rows: StagedRows): CommitJob {
  const configuration = JSON.stringify(jobOf(rows));
  const hash = createHash('sha256').update(configuration).digest('hex');
  return { configuration, configurationHash: hash.slice(0, HASH_LENGTH) };
}

function jobOf(rows: StagedRows): object {
  if (rows.replaces) return mergeJob(rows, rows.replaces);
  return rows.streamed ? insertJob(rows) : copyJob(rows);
}

/**
 * One INSERT of all rows of staging, which is atomic. A query sees committed rows at once; of copy jobs BigQuery's
 * documentation says that rows written by streaming may reach them only after up to 90 minutes.
 */
function insertJob(rows: StagedRows): object {
  return { query: { query: insertSql(rows), useLegacySql: false } };
}

/** One MERGE, which is atomic, and matches nothing: rows have no key by which they could be told apart. */
function mergeJob(rows: StagedRows, replaces: ReplacedRows): object {
  return { query: { query: replacementSql(rows, replaces), useLegacySql: false } };
}

/** One copy job: "Creation, truncation and append actions occur as one atomic update upon job completion." Source: BigQuery documentation, JobConfigurationTableCopy. */
function copyJob({ staging, table }: StagedRows): object {
  return {
    copy: {
      sourceTable: { projectId: staging.project, datasetId: staging.dataset, tableId: staging.table },
      destinationTable: { projectId: table.project, datasetId: table.dataset, tableId: table.table },
      createDisposition: 'CREATE_NEVER',
      writeDisposition: 'WRITE_APPEND',
    },
  };
}

/**
 * Inserts the job, or finds it inserted, and follows it to its end. After half an hour it is asked to stop and looked at
 * once more; a job that goes on even then is a TransientError, as is everything else that leaves the outcome open.
 */
export async function runCommitJob(environment: Environment, set: JobCommitSet): Promise<CommitJobOutcome> {
  const deadlineMs = environment.clock.nowMs() + DEADLINE_MS;
  const inserted = await insertOrRead(environment, set);
  if (inserted.kind === 'refused') return inserted;
  let { job } = inserted;
  for (let polls = 0; ; polls += 1) {
    const outcome = outcomeOf(environment, set, job);
    if (outcome) return outcome;
    if (environment.clock.nowMs() > deadlineMs) return stopped(environment, set);
    await environment.clock.sleep(Math.min(MAX_POLL_MS, FIRST_POLL_MS * 2 ** polls));
    job = await existing(environment, set);
  }
}

type Inserted =
  { readonly kind: 'there'; readonly job: Resource } | Extract<CommitJobOutcome, { kind: 'refused' }>;

async function insertOrRead(environment: Environment, set: JobCommitSet): Promise<Inserted> {
  try {
    const inserted = await restAnswer<Resource>(
      environment,
      {
        method: 'POST',
        project: environment.settings.projectId,
        path: '/jobs',
        insertsJob: true,
        body: {
          jobReference: {
            projectId: environment.settings.projectId,
            jobId: set.jobId,
            location: set.location,
          },
          configuration: {
            ...(JSON.parse(set.configuration) as object),
            labels: { ...environment.settings.labels, [HASH_LABEL]: set.configurationHash },
          },
        },
        doing: `inserting the commit job ${set.jobId}`,
      },
      [HTTP_CONFLICT],
    );
    return { kind: 'there', job: inserted.kind === 'ok' ? inserted.body : await existing(environment, set) };
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    // A job that failed at once is answered as an error, although it is there and its id is used up.
    const job = await find(environment, set);
    return job ? { kind: 'there', job } : { kind: 'refused', error };
  }
}

/** Undefined while the job goes on. */
function outcomeOf(
  environment: Environment,
  set: JobCommitSet,
  { configuration, status }: Resource,
): CommitJobOutcome | undefined {
  const hash = configuration?.labels?.[HASH_LABEL];
  if (hash !== set.configurationHash) {
    const found = hash === undefined ? 'without a configuration hash' : `with configuration hash ${hash}`;
    return {
      kind: 'foreign',
      message: `the job ${environment.settings.projectId}:${set.location}.${set.jobId} exists ${found}, not the recorded ${set.configurationHash}`,
    };
  }
  if (status?.state !== 'DONE') return undefined;
  if (!status.errorResult) return { kind: 'done' };
  const call = environment.restCall(`carrying out the commit job ${set.jobId}`);
  return { kind: 'failed', error: classifyJobFailure(status.errorResult, call) };
}

/** The job was asked to stop; whether it still succeeded, only the job itself says. */
async function stopped(environment: Environment, set: JobCommitSet): Promise<CommitJobOutcome> {
  await restCall(environment, {
    method: 'POST',
    project: environment.settings.projectId,
    path: `/jobs/${set.jobId}/cancel`,
    query: { location: set.location },
    doing: `cancelling the commit job ${set.jobId}`,
  }).catch(() => undefined);
  const outcome = outcomeOf(environment, set, await existing(environment, set));
  if (outcome) return outcome;
  throw new TransientError(
    'commit_ambiguous',
    `the commit job ${set.jobId} in ${set.location} had not ended after ${DEADLINE_MS / 60_000} minutes and was asked to stop; looking again later`,
  );
}

async function existing(environment: Environment, set: JobCommitSet): Promise<Resource> {
  const job = await find(environment, set);
  if (job) return job;
  throw new TransientError(
    'commit_ambiguous',
    `BigQuery says of the commit job ${set.jobId} in ${set.location} both that it exists and that it does not; looking again later`,
  );
}

async function find(environment: Environment, set: JobCommitSet): Promise<Resource | undefined> {
  const answer = await restAnswer<Resource>(
    environment,
    {
      method: 'GET',
      project: environment.settings.projectId,
      path: `/jobs/${set.jobId}`,
      // A job is found only in its location.
      query: { location: set.location },
      doing: `looking up the commit job ${set.jobId}`,
    },
    [HTTP_NOT_FOUND],
  );
  return answer.kind === 'ok' ? answer.body : undefined;
}
