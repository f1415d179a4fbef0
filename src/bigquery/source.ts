/** A BigQuery environment as a Source. */
import { MICROS_PER_MS, type Micros } from '../job/instant.ts';
import { TerminalError } from '../job/errors.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { ReadSession, Slice, Source, Survey } from '../etl/source.ts';
import { openEnvironment, type BigQuerySettings, type Environment } from './environment.ts';
import { dryRun, runQuery, type QueryRow } from './query-jobs.ts';
import { openReadSession } from './read-session.ts';
import {
  cursorLiteral,
  cursorMicros,
  cursorOf,
  tableAsOf,
  windowCondition,
  type Cursor,
} from './slice-sql.ts';
import { readRows, resumeReadSession } from './storage-reader.ts';
import { quoteColumn } from './table-ref.ts';
import { describeTable } from './tables.ts';
import { timeTravelHours } from './time-travel.ts';
import { dailyTotalsFromRows, dailyTotalsSql, totalsFromRows, totalsSql } from './totals.ts';
import { rowsOfSlice, stageTransformedSlice, stagingLocation } from './transformed-slice.ts';

/** The source behind these settings; nothing is called before the first operation. Close it when no operation runs any more. */
export function bigQuerySource(
  settings: BigQuerySettings,
): Source & { timeTravelHours(table: TableRef): Promise<number>; close(): Promise<void> } {
  const environment = openEnvironment(settings, 'source');
  return {
    describe: (table) => describeTable(environment, table),
    currentTime: (location) => currentTime(environment, location),
    survey: (slice) => survey(environment, slice),
    estimate: (slice) => estimate(environment, slice),
    totals: (slice, columns) => totals(environment, slice, columns),
    dailyTotals: (slice, columns) => dailyTotals(environment, slice, columns),
    checkStaging: async (slice) => {
      await stagingLocation(environment, slice);
    },
    openReadSession: (slice, maxStreams) => openSliceSession(environment, slice, maxStreams),
    resumeReadSession: (session: ReadSession) => resumeReadSession(environment, session),
    readRows: (stream, offset, signal) => readRows(environment, stream, offset, signal),
    timeTravelHours: (table) => timeTravelHours(environment, table),
    close: () => environment.close(),
  };
}

/** In whole milliseconds, rounded down: time travel counts in them, and queries and reads must not round a finer instant differently. */
async function currentTime(environment: Environment, location: string): Promise<Micros> {
  const [row] = await runQuery(environment, {
    sql: 'SELECT UNIX_MILLIS(CURRENT_TIMESTAMP()) AS now',
    location,
    doing: `asking for the time in ${location}`,
  });
  return BigInt(value(row, 'now')) * MICROS_PER_MS;
}

async function survey(environment: Environment, slice: Parameters<Source['survey']>[0]): Promise<Survey> {
  const cursor = await cursorOfSlice(environment, slice);
  const column = `t.${quoteColumn(cursor.field)}`;
  // The bound itself is included: the watermark is the newest row of its window, and says that the table is not empty.
  const bound =
    slice.lo === undefined
      ? ''
      : ` WHERE ${column} >= ${cursorLiteral(cursor, slice.lo)} OR ${column} IS NULL`;
  const [row] = await runQuery(environment, {
    sql: `SELECT ${cursorMicros(cursor, `MAX(${column})`)} AS max_cursor, COUNTIF(${column} IS NULL) AS null_cursors FROM ${tableAsOf(slice.table, slice.snapshot)}${bound}`,
    location: slice.location,
    doing: `looking for new rows of ${tableName(slice.table)}`,
  });
  const maxCursor = row?.['max_cursor'];
  return {
    maxCursor: maxCursor === null || maxCursor === undefined ? undefined : BigInt(maxCursor),
    nullCursors: Number(value(row, 'null_cursors')),
  };
}

async function estimate(environment: Environment, slice: Slice): ReturnType<Source['estimate']> {
  const cursor = await cursorOfSlice(environment, slice);
  const { transform, ...plain } = slice;
  const query = { location: slice.location, doing: `estimating a read of ${tableName(slice.table)}` };
  const select = (what: string, { from, condition }: ReturnType<typeof rowsOfSlice>): string =>
    `SELECT ${what} FROM ${from} WHERE ${condition}`;
  const read = await dryRun(environment, { ...query, sql: select('*', rowsOfSlice(slice, cursor)) });
  const sql = select('COUNT(*) AS row_count', rowsOfSlice(plain, cursor));
  const [row] = await runQuery(environment, { ...query, sql });
  return {
    rows: Number(value(row, 'row_count')),
    bytes: read.bytes,
    ...(transform && { transformedSchema: read.schema }),
  };
}

async function totals(
  environment: Environment,
  slice: Slice,
  columns: Parameters<Source['totals']>[1],
): ReturnType<Source['totals']> {
  const { from, condition } = rowsOfSlice(slice, await cursorOfSlice(environment, slice));
  const rows = await runQuery(environment, {
    sql: totalsSql(columns, from, condition),
    location: slice.location,
    doing: `adding up ${tableName(slice.table)}`,
  });
  return totalsFromRows(columns, rows);
}

/** Rows of a transform are read from the table it made, which holds nothing else. */
async function openSliceSession(
  environment: Environment,
  slice: Slice,
  maxStreams: number,
): Promise<ReadSession> {
  const cursor = await cursorOfSlice(environment, slice);
  const { transform, table, snapshot } = slice;
  if (!transform) {
    const rowRestriction = windowCondition(cursor, slice.window);
    return openReadSession(environment, { table, snapshot, rowRestriction }, maxStreams);
  }
  const staged = await stageTransformedSlice(environment, { ...slice, transform }, cursor);
  return openReadSession(environment, { table: staged }, maxStreams);
}

async function dailyTotals(
  environment: Environment,
  slice: Slice,
  columns: Parameters<Source['dailyTotals']>[1],
): ReturnType<Source['dailyTotals']> {
  const cursor = await cursorOfSlice(environment, slice);
  const { from, condition } = rowsOfSlice(slice, cursor);
  const { transform, table } = slice;
  const ofRows = transform ? cursorOf(table, columns.schema, transform.cursorField) : cursor;
  const rows = await runQuery(environment, {
    sql: dailyTotalsSql(columns, ofRows, from, condition),
    location: slice.location,
    doing: `adding up ${tableName(slice.table)} by day`,
  });
  return dailyTotalsFromRows(columns, rows);
}

/** The cursor's type decides how an instant is written for it, so the table is asked each time. */
async function cursorOfSlice(
  environment: Environment,
  { table, cursorField }: { readonly table: TableRef; readonly cursorField: string },
): Promise<Cursor> {
  const described = await describeTable(environment, table);
  if (described) return cursorOf(table, described.schema, cursorField);
  throw new TerminalError('source_not_found', `the source table ${tableName(table)} does not exist any more`);
}

function value(row: QueryRow | undefined, name: string): string {
  return row?.[name] ?? '0';
}
