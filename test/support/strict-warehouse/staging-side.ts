// Staging tables and commit jobs of the strict warehouse: an id runs once, and a job takes effect as a whole or not at all.
import { createHash } from 'node:crypto';
import type { CommitJobOutcome, Destination, StagedRows } from '../../../src/etl/destination.ts';
import type { JobCommitSet } from '../../../src/job/commit-set.ts';
import type { Window } from '../../../src/job/job.ts';
import { TerminalError, TransientError } from '../../../src/job/errors.ts';
import { tableName, type TableRef } from '../../../src/job/table-ref.ts';
import { LINEAGE_CURSOR, LINEAGE_JOB_ID } from '../../../src/job/table-schema.ts';
import type { Row } from './arrow-rows.ts';
import { rowTotals, rowTotalsByDay } from './row-totals.ts';
import { BYTES_PER_ROW, rowsIn } from './source-side.ts';
import type { StoredTable } from './stored-table.ts';
import type { StrictWarehouse } from './strict-warehouse.ts';

type StagingOperations = Pick<
  Destination,
  | 'canQuery'
  | 'createStagingTable'
  | 'stageSlice'
  | 'totalsOf'
  | 'dailyTotals'
  | 'dropTable'
  | 'commitJob'
  | 'runCommitJob'
>;

/** The part of the destination port that has to do with staging. */
export function stagingOperations(warehouse: StrictWarehouse, caller: string): StagingOperations {
  const perform = warehouse.performAs(caller);
  const { log } = warehouse;
  return {
    canQuery: (slice) => perform('canQuery', () => warehouse.table(slice.table)?.location === slice.location),
    createStagingTable: (staging, like) =>
      perform('createStagingTable', () => {
        const { schema, location } = existing(warehouse, like);
        if (warehouse.dataset(staging) !== location)
          throw new TerminalError('destination_not_found', `no dataset of ${tableName(staging)}`);
        if (!warehouse.table(staging)) warehouse.addTable(staging, schema, location);
      }),
    stageSlice: (staging, slice, lineage) =>
      perform('stageSlice', () => {
        const target = existing(warehouse, staging);
        if (target.location !== slice.location)
          log.violation(caller, `one query was to read ${slice.location} and write ${target.location}`);
        const rows = rowsIn(warehouse, slice).map((row) => ({
          ...row,
          [LINEAGE_JOB_ID]: lineage,
          [LINEAGE_CURSOR]: row[slice.cursorField] ?? null,
        }));
        const now = warehouse.instant();
        target.remove(() => true, now);
        target.add(rows, now);
        return { rows: rows.length, bytes: rows.length * BYTES_PER_ROW };
      }),
    totalsOf: (table, location, columns, window) =>
      perform('totalsOf', () => {
        const stored = existing(warehouse, table);
        if (stored.location !== location)
          throw new TerminalError(
            'destination_not_found',
            `${tableName(table)} was asked for in ${location}`,
          );
        return rowTotals(
          stored.rows.filter((row) => window === undefined || isIn(row, window)),
          columns,
        );
      }),
    dailyTotals: (table, location, columns, window) =>
      perform('dailyTotals', () => {
        const stored = existing(warehouse, table);
        if (stored.location !== location)
          throw new TerminalError('destination_not_found', `no ${tableName(table)} in ${location}`);
        const rows = stored.rows.filter((row) => isIn(row, window));
        return rowTotalsByDay(rows, LINEAGE_CURSOR, columns);
      }),
    dropTable: (table) => perform('dropTable', () => warehouse.dropTable(table)),
    commitJob: (rows) => {
      const configuration = JSON.stringify(rows, (_, value: unknown) =>
        typeof value === 'bigint' ? { micros: String(value) } : value,
      );
      return { configuration, configurationHash: createHash('sha1').update(configuration).digest('hex') };
    },
    runCommitJob: (set) => perform('runCommitJob', () => runOnce(warehouse, caller, set)),
  };
}

function runOnce(warehouse: StrictWarehouse, caller: string, set: JobCommitSet): CommitJobOutcome {
  const known = warehouse.jobs.get(set.jobId);
  if (known && known.configurationHash !== set.configurationHash)
    return { kind: 'foreign', message: `the job ${set.jobId} exists with another configuration` };
  if (known) return known.outcome;
  if (warehouse.jobRefusal) return { kind: 'refused', error: warehouse.jobRefusal };
  const outcome = carryOut(warehouse, caller, set);
  warehouse.jobs.set(set.jobId, { configurationHash: set.configurationHash, outcome });
  return outcome;
}

function carryOut(warehouse: StrictWarehouse, caller: string, set: JobCommitSet): CommitJobOutcome {
  const error = warehouse.jobError;
  if (error) {
    warehouse.jobError = undefined;
    return { kind: 'failed', error };
  }
  const { staging, table, replaces, streamed, rows } = configured(set);
  const [from, to] = [warehouse.table(staging), warehouse.table(table)];
  if (from?.location !== set.location || to?.location !== set.location)
    return {
      kind: 'failed',
      error: new TerminalError(
        'destination_not_found',
        `${tableName(staging)} or ${tableName(table)} is gone`,
      ),
    };
  if (streamed && from.rows.length !== rows)
    return {
      kind: 'failed',
      error: new TransientError('row_count_mismatch', `${tableName(staging)} holds ${from.rows.length} rows`),
    };
  const now = warehouse.instant();
  if (replaces)
    to.remove(
      (row) =>
        isIn(row, replaces.window) &&
        String(row[LINEAGE_JOB_ID] ?? '').startsWith(`${replaces.organizationId}/`),
      now,
    );
  to.add(from.rows, now);
  warehouse.log.record(caller, 'committed', { jobId: set.jobId, rows: byLineage(from.rows) });
  return { kind: 'done' };
}

function configured({ configuration }: JobCommitSet): StagedRows {
  return JSON.parse(configuration, (_, value: unknown) => {
    const isInstant = typeof value === 'object' && value !== null && 'micros' in value;
    return isInstant ? BigInt(String(value.micros)) : value;
  }) as StagedRows;
}

function isIn(row: Row, { lo, hi }: Window): boolean {
  const cursor = row[LINEAGE_CURSOR] ?? null;
  return typeof cursor === 'bigint' && (lo === undefined || cursor > lo) && cursor <= hi;
}

function byLineage(rows: readonly Row[]): readonly { lineage: unknown; rows: number }[] {
  const lineages = new Set(rows.map((row) => row[LINEAGE_JOB_ID]));
  return [...lineages].map((lineage) => ({
    lineage,
    rows: rows.filter((row) => row[LINEAGE_JOB_ID] === lineage).length,
  }));
}

function existing(warehouse: StrictWarehouse, table: TableRef): StoredTable {
  const stored = warehouse.table(table);
  if (stored) return stored;
  throw new TerminalError('destination_not_found', `the table ${tableName(table)} does not exist`);
}
