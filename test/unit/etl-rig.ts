// Whole runs without a server: the strict warehouse on both sides, the state in memory, and time that a test moves.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { Destination } from '../../src/etl/destination.ts';
import { runJob, type RunOutcome } from '../../src/etl/run-job.ts';
import type { RunObserver, RunProgress, RunSettings } from '../../src/etl/run.ts';
import type { Source } from '../../src/etl/source.ts';
import type { JobKey, JobRequest } from '../../src/job/job.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import type { TableSchema } from '../../src/job/table-schema.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { OracleLog } from '../support/strict-warehouse/oracle-log.ts';
import { strictSource } from '../support/strict-warehouse/source-side.ts';
import { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What differs from a plain run. */
export type EtlRunOptions = {
  readonly jobId?: string;
  /** What differs from an incremental job. */
  readonly request?: Pick<JobRequest, 'jobType' | 'window'>;
  readonly owner?: string;
  readonly signal?: AbortSignal;
  readonly settings?: Partial<RunSettings>;
  /** 0.5 each time unless given. */
  readonly random?: () => number;
  readonly budget?: ByteBudget;
  readonly state?: (real: State) => State;
  readonly source?: (real: Source) => Source;
  readonly destination?: (real: Destination) => Destination;
};

export type EtlRan = {
  readonly outcome: RunOutcome;
  readonly job: JobRecord;
  readonly notes: readonly string[];
  readonly progress: readonly RunProgress[];
};

/** One organization between two strict warehouses. */
export type EtlRig = {
  readonly clock: VirtualClock;
  readonly state: State;
  readonly log: OracleLog;
  readonly source: StrictWarehouse;
  readonly destination: StrictWarehouse;
  readonly from: TableRef;
  readonly to: TableRef;
  readonly organizationId: string;
  /** Adds this many rows to the source, settled by now. */
  addRows(count: number): void;
  /** Claims the job and runs it once. */
  run(options?: EtlRunOptions): Promise<EtlRan>;
  /** Runs the job until it ends, letting its waits pass; gives up after this many runs. */
  runToEnd(options?: EtlRunOptions, mostRuns?: number): Promise<EtlRan>;
  /** Every row of the source is at the destination once, the watermark fits, and nobody did what no correct client does. */
  assertCopied(): Promise<void>;
};

const SCHEMA: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'NULLABLE' },
  { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'currency', type: 'STRING', mode: 'NULLABLE' },
  { name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' },
];
const LEASE_MS = 60_000;
const HOUR = 3_600_000_000n;

/** How the two sides of a rig stand to each other. */
export type EtlRigOptions = {
  /** Both sides are one warehouse in one location, so that a query can copy the rows. */
  readonly oneWarehouse?: boolean;
};

/** Everything new, closed at the end of the test. */
export async function etlRig(
  context: TestContext,
  rows: number,
  { oneWarehouse = false }: EtlRigOptions = {},
): Promise<EtlRig> {
  const clock = new VirtualClock();
  const now = (): bigint => clock.nowMicros();
  const state = await openState({ kind: 'sqlite', path: ':memory:', clock: now });
  context.after(() => state.close());
  await state.migrate();
  const log = new OracleLog();
  const source = new StrictWarehouse({ project: 'source-env', location: 'EU', clock, now, log });
  const destination = oneWarehouse
    ? source
    : new StrictWarehouse({ project: 'destination-env', location: 'US', clock, now, log });
  const destinationLocation = destination.location;
  const from = { project: 'source-env', dataset: 'billing', table: 'export' };
  const to = { project: destination.project, dataset: 'copies', table: 'acme' };
  const organizationId = 'acme';
  await state.organizations.set({ organizationId, source: from, destination: to, destinationLocation });
  source.addTable(from, SCHEMA);
  let ids = 0;
  const addRows = (count: number): void =>
    source.addRows(
      from,
      Array.from({ length: count }, () => {
        ids += 1;
        const currency = ids % 3 === 0 ? 'EUR' : 'USD';
        return { id: BigInt(ids), cost: ids / 10, currency, export_time: now() - HOUR };
      }),
    );
  addRows(rows);
  const run = (options: EtlRunOptions = {}) =>
    runOnce({ state, clock, source, destination, organizationId }, options);
  return {
    clock,
    state,
    log,
    source,
    destination,
    from,
    to,
    organizationId,
    addRows,
    run,
    async runToEnd(options = {}, mostRuns = 20) {
      let waitMs = 0;
      for (let runs = 1; ; runs += 1) {
        await clock.advance(Math.max(2 * LEASE_MS, waitMs));
        const ran = await run({ jobId: 'job', ...options });
        if (['success', 'failed', 'cancelled', 'needs_operator'].includes(ran.outcome.kind)) return ran;
        waitMs = Number(((ran.job.nextAttemptAt ?? 0n) - now()) / 1000n) + 1;
        assert.ok(runs < mostRuns, `the job has not ended after ${runs} runs: ${JSON.stringify(ran.notes)}`);
      }
    },
    async assertCopied() {
      const plain = (row: object): string =>
        JSON.stringify(row, (_, cell: unknown) => (typeof cell === 'bigint' ? `${cell}` : cell));
      const copied = destination.rows(to).map(({ _etl_job_id: lineage, _etl_cursor: cursor, ...row }) => {
        assert.equal(cursor, row['export_time']);
        assert.match(String(lineage), /^acme\/.+\/\d+$/);
        return plain(row);
      });
      assert.deepEqual(copied.sort(), source.rows(from).map(plain).sort());
      const newest = source.rows(from).at(-1)?.['export_time'];
      assert.equal((await state.organizations.find(organizationId))?.watermark, newest);
      assert.deepEqual(log.violations, []);
    },
  };
}

async function runOnce(
  {
    state,
    clock,
    source,
    destination,
    organizationId,
  }: Pick<EtlRig, 'state' | 'clock' | 'source' | 'destination' | 'organizationId'>,
  options: EtlRunOptions,
): Promise<EtlRan> {
  const { owner = 'worker' } = options;
  const key: JobKey = { organizationId, jobId: options.jobId ?? 'job' };
  await state.jobs.admit(
    { ...key, jobType: 'incremental', window: undefined, requestedBy: undefined, ...options.request },
    undefined,
  );
  const claim = await state.jobs.claim(key, owner, LEASE_MS);
  assert.ok(claim.kind === 'claimed', `the job is ${claim.kind}`);
  const { lease, job, organization } = claim;
  const notes: string[] = [];
  const progress: RunProgress[] = [];
  const sides = { source: strictSource(source, owner), destination: strictDestination(destination, owner) };
  const outcome = await runJob({
    state: options.state?.(state) ?? state,
    settings: {
      batchRows: 3,
      readStreams: 2,
      build: 'test',
      maxRetries: 3,
      retryDelayMs: 1000,
      ...options.settings,
    },
    budget: options.budget ?? new ByteBudget(64 * 1024 * 1024),
    clock,
    random: options.random ?? (() => 0.5),
    observer: observerOf(notes, progress),
    lease,
    job,
    organization,
    source: options.source?.(sides.source) ?? sides.source,
    destination: options.destination?.(sides.destination) ?? sides.destination,
    signal: options.signal ?? new AbortController().signal,
  });
  const ended = await state.jobs.find(key);
  assert.ok(ended);
  return { outcome, job: ended, notes, progress };
}

function observerOf(notes: string[], progress: RunProgress[]): RunObserver {
  return {
    stepStarted: () => undefined,
    stepFinished: () => undefined,
    checkpoint: (_key, reached) => void progress.push(reached),
    note: (_key, message, metadata) => void notes.push(`${message}: ${JSON.stringify(metadata)}`),
  };
}
