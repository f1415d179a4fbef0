// An empty database in memory into which rows of the past can be put, which no store would write.
import { createDataSource } from '../../src/state/data-source.ts';
import { Database } from '../../src/state/database.ts';
import { dialectOf } from '../../src/state/dialect.ts';
import { JobRow } from '../../src/state/entities/job-row.ts';
import { insertRows } from '../../src/state/insert-rows.ts';
import { writeLedger, type NewLedgerEntry } from '../../src/state/ledger-rows.ts';
import { stateOn, type State } from '../../src/state/open-state.ts';

/** Columns of a job that are not given get what a job that waits has. */
export type PastJob = Partial<JobRow> & {
  readonly organizationId: string;
  readonly jobId: string;
};

export type SampleState = {
  readonly state: State;
  insertJobs(jobs: readonly PastJob[]): Promise<void>;
  insertDays(days: readonly NewLedgerEntry[]): Promise<void>;
  /** One statement past the stores. */
  execute(sql: string, values?: unknown[]): Promise<unknown>;
  /** Statements that were sent to the database so far. */
  statements(): readonly string[];
  close(): Promise<void>;
};

const ROWS_PER_STATEMENT = 100;

/** All tables, no rows. */
export async function emptyState(): Promise<SampleState> {
  const settings = { kind: 'sqlite', path: ':memory:' } as const;
  const sent: string[] = [];
  const dataSource = createDataSource(settings);
  dataSource.setOptions({
    logging: ['query'],
    logger: new (class {
      logQuery(query: string): void {
        sent.push(query);
      }
      logQueryError(): void {}
      logQuerySlow(): void {}
      logSchemaBuild(): void {}
      logMigration(): void {}
      log(): void {}
    })(),
  });
  await dataSource.initialize();
  const state = stateOn(dataSource, settings);
  await state.migrate();
  const database = new Database(dataSource, dialectOf('sqlite', false), 'memory');
  const now = await state.now();
  return {
    state,
    insertJobs: async (jobs) => {
      for (let at = 0; at < jobs.length; at += ROWS_PER_STATEMENT)
        await database.read((session) =>
          insertRows(
            session,
            JobRow,
            jobs.slice(at, at + ROWS_PER_STATEMENT).map((job) => wholeJob(job, now)),
          ),
        );
    },
    insertDays: (days) => database.transaction((session) => writeLedger(session, days)),
    execute: (sql, values = []) => dataSource.query(sql, values),
    statements: () => sent,
    close: () => dataSource.destroy(),
  };
}

function wholeJob(job: PastJob, now: bigint): Partial<JobRow> {
  return {
    jobType: 'incremental',
    status: 'QUEUED',
    windowStart: null,
    windowEnd: null,
    attempts: 0,
    interruptions: 0,
    crashes: 0,
    nextAttemptAt: null,
    doorbellSeenAt: now,
    leaseOwner: null,
    leaseEpoch: 0,
    leaseExpiresAt: null,
    planNumber: 1,
    plan: null,
    commitSet: null,
    needsOperator: false,
    rowsRead: null,
    rowsWritten: null,
    bytesWritten: null,
    errorReason: null,
    errorMessage: null,
    cancelRequested: false,
    requestedBy: null,
    messageId: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    ...job,
  };
}
