// What a world is asked to do: which organizations export what and when, which jobs are asked for, and by how many replicas.
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';
import { formatInstant } from '../../src/job/instant.ts';
import type { Organization } from '../../src/job/organization.ts';
import { cursorAt, exportedRows, lateRows } from './organizations.ts';

/** Rows an organization's source holds from then on. */
export type Export = {
  readonly atMs: number;
  readonly organizationId: string;
  readonly rows: readonly Row[];
};

/** What an operator does then. */
export type Act = { readonly atMs: number } & (
  | { readonly kind: 'cancel' | 'retry' | 'resolve'; readonly organizationId: string; readonly jobId: string }
  | { readonly kind: 'pause' | 'resume'; readonly organizationId: string }
  | { readonly kind: 'replay' }
  | {
      readonly kind: 'reroute';
      readonly organizationId: string;
      readonly writePath: Organization['writePath'];
    }
  /** Its configuration is said to mean something else from where it has come to, so that whatever waits plans anew. */
  | { readonly kind: 'replan'; readonly organizationId: string }
);

/** A message that is published then; `job` as spec.md §3 has it. */
export type Request = {
  readonly atMs: number;
  readonly body: string;
  readonly job: readonly [organizationId: string, jobId: string] | undefined;
};

export type Scenario = {
  readonly replicas: number;
  readonly organizations: readonly string[];
  readonly exports: readonly Export[];
  readonly requests: readonly Request[];
  readonly acts: readonly Act[];
  /** Whether each organization is asked for one more job after the faults, which has to bring over all that is left. */
  readonly lastJobs: boolean;
  /** Whether alerts and dead letters are sent, and not only recorded. */
  readonly outbox: boolean;
  /** Whether what reaches the dead-letter subscription is filed. */
  readonly filing: boolean;
  /** After so many deliveries the broker gives a message up to the dead-letter topic. */
  readonly deliveryAttempts: number;
  readonly batchRows: number;
  readonly readStreams: number;
  readonly rowsPerMessage: number;
  readonly maxRetries: number;
};

const MINIMAL: Scenario = {
  replicas: 2,
  organizations: ['o1'],
  exports: [{ atMs: 0, organizationId: 'o1', rows: exportedRows(0, 8) }],
  requests: [requestOf(1, 'o1', 'job')],
  acts: [],
  lastJobs: false,
  outbox: false,
  filing: false,
  deliveryAttempts: 100,
  batchRows: 2,
  readStreams: 2,
  rowsPerMessage: 2,
  maxRetries: 3,
};

/** The smallest worlds in which a way of copying is gone to its end, for two replicas. */
export const MINIMAL_JOBS = {
  /** One job of two streams with two batches each. */
  streams: MINIMAL,
  /** One job that copies the same rows by a query. */
  query: {
    ...MINIMAL,
    organizations: ['q1'],
    exports: [{ atMs: 0, organizationId: 'q1', rows: exportedRows(0, 8) }],
    requests: [requestOf(1, 'q1', 'job')],
  },
  /** One job whose rows are streamed into a staging table, and proven there column by column. */
  staged: {
    ...MINIMAL,
    organizations: ['f1'],
    exports: [{ atMs: 0, organizationId: 'f1', rows: exportedRows(0, 8) }],
    requests: [requestOf(1, 'f1', 'job')],
  },
  /** One job whose rows go through a module, which rejects some. */
  module: {
    ...MINIMAL,
    organizations: ['m1'],
    exports: [{ atMs: 0, organizationId: 'm1', rows: exportedRows(0, 8) }],
    requests: [requestOf(1, 'm1', 'job')],
  },
  /** A copy of one stream with one batch, and the repair of a window into which a row came late. */
  repair: {
    ...MINIMAL,
    exports: [
      { atMs: 0, organizationId: 'o1', rows: exportedRows(0, 2) },
      { atMs: 2_000, organizationId: 'o1', rows: lateRows(1) },
    ],
    requests: [
      requestOf(1, 'o1', 'job'),
      requestOf(2_500, 'o1', 'repair', {
        job_type: 'repair',
        window: { start: formatInstant(cursorAt(-1)), end: formatInstant(cursorAt(1)) },
      }),
    ],
    readStreams: 1,
  },
} as const satisfies Record<string, Scenario>;

export type MinimalJob = keyof typeof MINIMAL_JOBS;

/** A message that asks for a job, an incremental one unless something else is said. */
export function requestOf(
  atMs: number,
  organizationId: string,
  jobId: string,
  more: {
    readonly job_type?: string;
    readonly window?: { readonly start: string; readonly end: string };
  } = {},
): Request {
  return {
    atMs,
    body: JSON.stringify({ organization_id: organizationId, job_id: jobId, ...more }),
    job: [organizationId, jobId],
  };
}
