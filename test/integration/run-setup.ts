// What the tests of whole runs share: two emulators, a state in memory, tables of their own, and jobs run without a worker.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { startBigQueryEmulator, type RunningStandIn } from '../../dev/emulators/bigquery/start.ts';
import { processClock } from '../../src/app/process-clock.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { openEnvironment, type BigQuerySettings } from '../../src/bigquery/environment.ts';
import { runQuery, type QueryRow } from '../../src/bigquery/query-jobs.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { Destination } from '../../src/etl/destination.ts';
import { runJob, type RunOutcome } from '../../src/etl/run-job.ts';
import type { RunObserver, RunSettings } from '../../src/etl/run.ts';
import type { Source } from '../../src/etl/source.ts';
import { parseInstant } from '../../src/job/instant.ts';
import type { JobKey, JobType } from '../../src/job/job.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { createDataSource } from '../../src/state/data-source.ts';
import { stateOn, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import type { OrganizationChange } from '../../src/state/organization-store.ts';
import { destinationBigQuery, sourceBigQuery, type BigQueryEnvironment } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

/** Longer than any test runs. */
const LEASE_MS = 600_000;

/** The emulators a file works on, opened with the product's own adapters. */
export type Warehouses = {
  readonly source: Source;
  readonly destination: Destination;
  /** Runs SQL at one side and returns its rows. */
  readonly atSource: (sql: string) => Promise<readonly QueryRow[]>;
  readonly atDestination: (sql: string) => Promise<readonly QueryRow[]>;
  readonly sides: { readonly source: BigQueryEnvironment; readonly destination: BigQueryEnvironment };
  close(): Promise<void>;
};

/** Opens both sides, by default on the runner's emulators. */
export function openWarehouses(
  sides = { source: sourceBigQuery(), destination: destinationBigQuery() },
): Warehouses {
  const source = bigQuerySource(settingsFor(sides.source));
  const destination = bigQueryDestination(settingsFor(sides.destination));
  const environments = {
    source: openEnvironment(settingsFor(sides.source), 'source'),
    destination: openEnvironment(settingsFor(sides.destination), 'destination'),
  };
  const query = (side: 'source' | 'destination') => (sql: string) =>
    runQuery(environments[side], {
      sql,
      location: sides[side].location,
      doing: 'preparing or checking a test',
    });
  return {
    source,
    destination,
    atSource: query('source'),
    atDestination: query('destination'),
    sides,
    async close() {
      const { source: one, destination: other } = environments;
      await Promise.all([source.close(), destination.close(), one.close(), other.close()]);
    },
  };
}

/** Settings that lead to an emulator. */
export function settingsFor(side: BigQueryEnvironment): BigQuerySettings {
  return {
    projectId: side.project,
    restHost: side.restHost,
    storageHost: side.grpcHost,
    labels: { managed_by: 'test' },
    clock: processClock,
    random: Math.random,
  };
}

/** Runs jobs on warehouses and a state that every test of a file shares. */
export type Runs = {
  readonly state: State;
  /** One statement past the stores, for what no store would do. */
  execute(sql: string, values?: unknown[]): Promise<unknown>;
  readonly warehouses: Warehouses;
  /** A source table with these columns (as in CREATE TABLE) and an organization that copies it, with a destination nobody else has. */
  newCopy(columns: string, change?: Partial<OrganizationChange>): Promise<Copy>;
};

/** What differs from a plain run. */
export type RunOptions = {
  readonly jobId?: string;
  readonly jobType?: JobType;
  /** Of a backfill, repair or verify job, as RFC 3339. */
  readonly window?: { readonly start: string; readonly end: string };
  readonly source?: (real: Source) => Source;
  readonly destination?: (real: Destination) => Destination;
  readonly state?: (real: State) => State;
  readonly signal?: AbortSignal;
  readonly settings?: Partial<RunSettings>;
  readonly owner?: string;
  readonly leaseMs?: number;
};

/** How one run ended, with the job as it is recorded then and what the run told of itself. */
export type Ran = {
  readonly outcome: RunOutcome;
  readonly job: JobRecord;
  readonly notes: readonly string[];
};

/** One organization's copy. */
export type Copy = {
  readonly organizationId: string;
  readonly source: TableRef;
  readonly destination: TableRef;
  /** Adds rows to the source, as in VALUES. */
  insert(values: string): Promise<void>;
  /** Changes the configuration. */
  configure(change: Partial<OrganizationChange>): Promise<void>;
  /** Claims the job, a new one unless named, and runs it once. */
  run(options?: RunOptions): Promise<Ran>;
  /** Like run, and the job must end as SUCCESS. */
  succeed(options?: RunOptions): Promise<Ran>;
  watermark(): Promise<bigint | undefined>;
  /** The rows of both tables as JSON text, sorted; the destination's without the lineage columns. */
  sourceRows(): Promise<readonly string[]>;
  destinationRows(): Promise<readonly string[]>;
  /** Rows at the destination by their `_etl_job_id`. */
  lineages(): Promise<Readonly<Record<string, number>>>;
};

/** Opens what a file's tests run on, and closes it after them. */
export function openRuns(open: () => Promise<Warehouses> | Warehouses = openWarehouses): () => Runs {
  let runs: Runs | undefined;
  before(async () => {
    const settings: DatabaseSettings = { kind: 'sqlite', path: ':memory:' };
    const dataSource = await createDataSource(settings).initialize();
    const state = stateOn(dataSource, settings);
    await state.migrate();
    const warehouses = await open();
    runs = {
      state,
      execute: (sql, values = []) => dataSource.query(sql, values),
      warehouses,
      newCopy: (columns, change) => newCopy(state, () => warehouses, columns, change),
    };
  });
  after(async () => {
    await runs?.state.close();
    await runs?.warehouses.close();
  });
  return () => {
    assert.ok(runs);
    return runs;
  };
}

/** A new source table, and an organization that copies it, between warehouses that may be opened anew in between. */
export async function newCopy(
  state: State,
  warehouses: () => Warehouses,
  columns: string,
  change: Partial<OrganizationChange> = {},
): Promise<Copy> {
  const { sides, atSource } = warehouses();
  const source = { project: sides.source.project, dataset: uniqueName('src'), table: 'export' };
  await atSource(
    `CREATE SCHEMA \`${source.project}.${source.dataset}\` OPTIONS (location = '${sides.source.location}')`,
  );
  await atSource(`CREATE TABLE ${sqlName(source)} (${columns})`);
  return copyOf(state, warehouses, source, change);
}

/** An organization that copies an existing source table. */
export async function copyOf(
  state: State,
  warehouses: () => Warehouses,
  source: TableRef,
  change: Partial<OrganizationChange> = {},
): Promise<Copy> {
  const { sides } = warehouses();
  const organizationId = uniqueName('org');
  const destination = { project: sides.destination.project, dataset: uniqueName('dst'), table: 'copy' };
  const configure = async (wanted: Partial<OrganizationChange>): Promise<void> => {
    const outcome = await state.organizations.set({ ...wanted, organizationId });
    assert.ok(outcome.kind !== 'refused', outcome.kind === 'refused' ? outcome.why : '');
  };
  const destinationLocation = sides.destination.location;
  await configure({ source, destination, destinationLocation, ...change });
  const jsonRows = async (query: Warehouses['atSource'], table: string): Promise<readonly string[]> => {
    const rows = await query(`SELECT TO_JSON_STRING(t) AS row_json FROM ${table} AS t`);
    return rows.map((row) => row['row_json'] ?? '').sort();
  };
  const run = (options: RunOptions = {}) => runOnce(state, warehouses(), organizationId, options);
  return {
    organizationId,
    source,
    destination,
    configure,
    run,
    async insert(values) {
      await warehouses().atSource(`INSERT INTO ${sqlName(source)} VALUES ${values}`);
    },
    async succeed(options) {
      const ran = await run(options);
      assert.deepEqual(ran.outcome, { kind: 'success' });
      assert.equal(ran.job.status, 'SUCCESS');
      return ran;
    },
    watermark: async () => (await state.organizations.find(organizationId))?.watermark,
    sourceRows: () => jsonRows(warehouses().atSource, sqlName(source)),
    destinationRows: () =>
      jsonRows(
        warehouses().atDestination,
        `(SELECT * EXCEPT (_etl_job_id, _etl_cursor) FROM ${sqlName(destination)})`,
      ),
    async lineages() {
      const rows = await warehouses().atDestination(
        `SELECT _etl_job_id AS lineage, COUNT(*) AS n FROM ${sqlName(destination)} GROUP BY 1`,
      );
      return Object.fromEntries(rows.map((row) => [row['lineage'], Number(row['n'])]));
    },
  };
}

async function runOnce(
  state: State,
  warehouses: Warehouses,
  organizationId: string,
  options: RunOptions,
): Promise<Ran> {
  const key: JobKey = { organizationId, jobId: options.jobId ?? uniqueName('job') };
  const window = options.window && {
    start: parseInstant(options.window.start)!,
    end: parseInstant(options.window.end)!,
  };
  const request = { ...key, jobType: options.jobType ?? 'incremental', window, requestedBy: undefined };
  await state.jobs.admit(request, undefined);
  const claim = await state.jobs.claim(key, options.owner ?? 'test-worker', options.leaseMs ?? LEASE_MS);
  assert.ok(claim.kind === 'claimed', `the job is ${claim.kind}`);
  const { lease, job, organization } = claim;
  const notes: string[] = [];
  const outcome = await runJob({
    state: options.state?.(state) ?? state,
    settings: {
      batchRows: 10,
      readStreams: 2,
      build: 'test',
      maxRetries: 3,
      retryDelayMs: 0,
      ...options.settings,
    },
    budget: new ByteBudget(64 * 1024 * 1024),
    clock: processClock,
    // A retry is due at once.
    random: () => 0,
    observer: observerOf(notes),
    lease,
    job,
    organization,
    source: options.source?.(warehouses.source) ?? warehouses.source,
    destination: options.destination?.(warehouses.destination) ?? warehouses.destination,
    signal: options.signal ?? new AbortController().signal,
  });
  const ended = await state.jobs.find(key);
  assert.ok(ended);
  return { outcome, job: ended, notes };
}

function observerOf(notes: string[]): RunObserver {
  return {
    stepStarted: () => undefined,
    stepFinished: () => undefined,
    checkpoint: () => undefined,
    note: (_key, message, metadata) => notes.push(`${message}: ${JSON.stringify(metadata)}`),
  };
}

/** A table's name as SQL writes it. */
export function sqlName({ project, dataset, table }: TableRef): string {
  return `\`${project}.${dataset}.${table}\``;
}

/** A stand-in of one test alone, whose data survive a kill; a stream that was not committed does not. */
export async function ownStandIn(
  context: TestContext,
  environment: {
    project: string;
    location: string;
  },
): Promise<{ side: () => RunningStandIn; killAndRestart(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-run-'));
  let standIn = await startBigQueryEmulator({ ...environment, dataDir });
  const [restPort, grpcPort] = [standIn.restHost, standIn.grpcHost].map((host) => Number(host.split(':')[1]));
  context.after(async () => {
    await standIn.stop();
    await rm(dataDir, { recursive: true });
  });
  return {
    side: () => standIn,
    async killAndRestart() {
      await standIn.kill();
      standIn = await startBigQueryEmulator({
        ...environment,
        dataDir,
        restPort: restPort!,
        grpcPort: grpcPort!,
      });
    },
  };
}
