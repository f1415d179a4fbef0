/** A BigQuery environment as a Destination. */
import type { Micros } from '../job/instant.ts';
import type { Window } from '../job/job.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { LINEAGE_CURSOR, LINEAGE_JOB_ID, type TableSchema } from '../job/table-schema.ts';
import type { DayTotals, Totals } from '../job/totals.ts';
import type { Destination, LineageCount } from '../etl/destination.ts';
import type { VerifiedColumns } from '../etl/source.ts';
import { commitJob, runCommitJob } from './commit-job.ts';
import { commitWriteStreams } from './commit-streams.ts';
import { openEnvironment, type BigQuerySettings, type Environment } from './environment.ts';
import { runQuery, type QueryRow } from './query-jobs.ts';
import { COPIED_CURSOR, timestampLiteral, windowCondition } from './slice-sql.ts';
import { canQuery, createStagingTable, dropTable, stageSlice } from './staging.ts';
import { openStreamWriter } from './storage-writer.ts';
import { quoteColumn, quoteTable } from './table-ref.ts';
import { dailyTotalsFromRows, dailyTotalsSql, totalsFromRows, totalsSql } from './totals.ts';
import { createDataset, createTable, datasetLocation, describeTable, updateTableSchema } from './tables.ts';
import { createWriteStream, finalizeWriteStream, writeStreamState } from './write-streams.ts';

/** A Destination, and what only the program asks of BigQuery. */
export type BigQueryDestination = Destination & {
  /** The one row of an aggregate query over the table, which `sql` makes from the FROM item. */
  aggregateOf(
    table: TableRef,
    location: string,
    sql: (from: string) => string,
  ): Promise<QueryRow | undefined>;
  close(): Promise<void>;
};

/** The destination behind these settings; nothing is called before the first operation. Close it when no operation runs any more. */
export function bigQueryDestination(settings: BigQuerySettings): BigQueryDestination {
  const environment = openEnvironment(settings, 'destination');
  return {
    datasetLocation: (table) => datasetLocation(environment, table),
    describe: (table) => describeTable(environment, table),
    createDataset: (table, location, labels) => createDataset(environment, table, location, labels),
    createTable: (table) => createTable(environment, table),
    updateSchema: (table, schema) => updateTableSchema(environment, table, schema),
    rowsBeyond: (table, location, lo) => rowsBeyond(environment, table, location, lo),
    rowsOf: (table, location, lineage) => rowsOf(environment, table, location, lineage),
    createWriteStream: (table, signal) => createWriteStream(environment, table, signal),
    openWriter: (stream, arrowSchema) => openStreamWriter(environment, stream, arrowSchema),
    finalizeWriteStream: (stream) => finalizeWriteStream(environment, stream),
    commitWriteStreams: (table, streams) => commitWriteStreams(environment, table, streams),
    writeStreamState: (stream) => writeStreamState(environment, stream),
    canQuery: (slice) => canQuery(environment, slice),
    createStagingTable: (staging, like, expiresAt) =>
      createStagingTable(environment, staging, like, expiresAt),
    stageSlice: (staging, slice, lineage, signal) => stageSlice(environment, staging, slice, lineage, signal),
    totalsOf: (table, location, columns, window) => totalsOf(environment, table, location, columns, window),
    dailyTotals: (table, location, columns, window) =>
      dailyTotals(environment, table, location, columns, window),
    aggregateOf: (table, location, sql) => aggregateOf(environment, table, location, sql),
    dropTable: (table) => dropTable(environment, table),
    commitJob,
    runCommitJob: (set) => runCommitJob(environment, set),
    close: () => environment.close(),
  };
}

async function totalsOf(
  environment: Environment,
  table: TableRef,
  location: string,
  columns: VerifiedColumns,
  window: Window | undefined,
): Promise<Totals> {
  const condition = window ? windowCondition(COPIED_CURSOR, window, 't.') : 'TRUE';
  const rows = await runQuery(environment, {
    sql: totalsSql(
      columns,
      `${quoteTable(table)} AS t`,
      condition,
      await presentColumns(environment, table, columns),
    ),
    location,
    doing: `adding up ${tableName(table)}`,
  });
  return totalsFromRows(columns, rows);
}

async function dailyTotals(
  environment: Environment,
  table: TableRef,
  location: string,
  columns: VerifiedColumns,
  window: Window,
): Promise<readonly DayTotals[]> {
  const condition = windowCondition(COPIED_CURSOR, window, 't.');
  const rows = await runQuery(environment, {
    sql: dailyTotalsSql(
      columns,
      COPIED_CURSOR,
      `${quoteTable(table)} AS t`,
      condition,
      await presentColumns(environment, table, columns),
    ),
    location,
    doing: `adding up ${tableName(table)} by day`,
  });
  return dailyTotalsFromRows(columns, rows);
}

/** A column that the source has got since the last copy is not there yet, and cannot be named. */
async function presentColumns(
  environment: Environment,
  table: TableRef,
  { fingerprint, schema }: VerifiedColumns,
): Promise<TableSchema> {
  if (!fingerprint) return schema;
  return (await describeTable(environment, table))?.schema ?? schema;
}

async function aggregateOf(
  environment: Environment,
  table: TableRef,
  location: string,
  sql: (from: string) => string,
): Promise<QueryRow | undefined> {
  const doing = `checking the rows of ${tableName(table)}`;
  return (await runQuery(environment, { sql: sql(quoteTable(table)), location, doing }))[0];
}

async function rowsBeyond(
  environment: Environment,
  table: TableRef,
  location: string,
  lo: Micros | undefined,
): Promise<readonly LineageCount[]> {
  const cursor = quoteColumn(LINEAGE_CURSOR);
  const beyond = lo === undefined ? `${cursor} IS NOT NULL` : `${cursor} > ${timestampLiteral(lo)}`;
  const rows = await runQuery(environment, {
    sql: `SELECT ${quoteColumn(LINEAGE_JOB_ID)} AS lineage, COUNT(*) AS row_count FROM ${quoteTable(table)} WHERE ${beyond} GROUP BY 1 ORDER BY 1`,
    location,
    doing: `looking for rows beyond the watermark in ${tableName(table)}`,
  });
  return rows.map((row) => ({ lineage: row['lineage'] ?? null, rows: Number(row['row_count']) }));
}

async function rowsOf(
  environment: Environment,
  table: TableRef,
  location: string,
  lineage: string,
): Promise<number> {
  const [row] = await runQuery(environment, {
    sql: `SELECT COUNT(*) AS row_count FROM ${quoteTable(table)} WHERE ${quoteColumn(LINEAGE_JOB_ID)} = @lineage`,
    parameters: { lineage },
    location,
    doing: `counting the rows ${lineage} wrote to ${tableName(table)}`,
  });
  return Number(row?.['row_count'] ?? 0);
}
