/** A slice whose rows a transform makes: in SQL, and as an expiring table beside the source that can be read as Arrow. */
import { createHash } from 'node:crypto';
import { TerminalError } from '../job/errors.ts';
import { MICROS_PER_MINUTE } from '../job/instant.ts';
import { isSameLocation } from '../job/location.ts';
import { SOURCE_ROWS, type SqlTransform } from '../job/sql-transform.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { Slice } from '../etl/source.ts';
import type { Environment } from './environment.ts';
import { runQuery } from './query-jobs.ts';
import { cursorOf, tableAsOf, timestampLiteral, windowCondition, type Cursor } from './slice-sql.ts';
import { quoteColumn, quoteTable } from './table-ref.ts';
import { createDataset, datasetLocation, describeTable } from './tables.ts';

/** Counted from the snapshot, which time travel keeps for seven days at most. */
const STAGED_LIFE = 9n * 24n * 60n * MICROS_PER_MINUTE;
const STAGING_TIMEOUT_MS = 6 * 3_600_000;

/** The rows of a slice in SQL: a FROM item under the alias `t` and the condition they meet. */
export function rowsOfSlice(
  slice: Slice,
  cursor: Cursor,
): { readonly from: string; readonly condition: string } {
  const from = tableAsOf(slice.table, slice.snapshot);
  const condition = windowCondition(cursor, slice.window, 't.');
  if (!slice.transform) return { from, condition };
  return {
    from: `(\n${transformedSql(slice.transform, `(SELECT t.* FROM ${from} WHERE ${condition})`)}\n) AS t`,
    condition: 'TRUE',
  };
}

/**
 * The table that holds what the transform makes of the slice, made unless it is there: its name says what is in it, and it
 * removes itself. Throws TerminalError when a row's cursor is NULL or lies outside the window.
 */
export async function stageTransformedSlice(
  environment: Environment,
  slice: Slice & { readonly transform: SqlTransform },
  cursor: Cursor,
): Promise<TableRef> {
  const staged = await stagedTable(environment, slice);
  const { from } = rowsOfSlice(slice, cursor);
  const expiry = timestampLiteral(slice.snapshot + STAGED_LIFE);
  await runQuery(environment, {
    sql: `CREATE TABLE IF NOT EXISTS ${quoteTable(staged)} OPTIONS (expiration_timestamp = ${expiry}) AS SELECT t.* FROM ${from}`,
    location: slice.location,
    timeoutMs: STAGING_TIMEOUT_MS,
    doing: `transforming ${tableName(slice.table)} into ${tableName(staged)}`,
  });
  const table = await describeTable(environment, staged);
  const ofRows = cursorOf(staged, table?.schema ?? [], slice.transform.cursorField);
  await assertCursors(environment, slice, staged, ofRows);
  return staged;
}

/**
 * Throws TerminalError when a row that the slice's transform made has no cursor or one outside the window: it would never
 * be replaced by a repair of its own window, and would look like somebody else's.
 */
export async function assertCursors(
  environment: Environment,
  slice: Slice & { readonly transform: SqlTransform },
  staged: TableRef,
  cursor: Cursor,
): Promise<void> {
  const column = `t.${quoteColumn(cursor.field)}`;
  const [row] = await runQuery(environment, {
    sql: `SELECT COUNTIF(${column} IS NULL) AS without, COUNTIF(NOT (${windowCondition(cursor, slice.window, 't.')})) AS outside FROM ${quoteTable(staged)} AS t`,
    location: slice.location,
    doing: `checking the cursor of ${tableName(staged)}`,
  });
  const [without, outside] = [Number(row?.['without'] ?? 0), Number(row?.['outside'] ?? 0)];
  const rows = `of the rows that the transform made of ${tableName(slice.table)}`;
  const { cursorField } = slice.transform;
  if (without > 0) {
    throw new TerminalError(
      'null_cursor',
      `${without} ${rows} have no ${cursorField}, the cursor it declares; have it keep ${slice.cursorField} there`,
    );
  }
  if (outside > 0) {
    throw new TerminalError(
      'invalid_configuration',
      `${outside} ${rows} have a ${cursorField} outside the window that was copied; the cursor it declares must keep the values of ${slice.cursorField}`,
    );
  }
}

function transformedSql({ sql }: SqlTransform, rows: string): string {
  return sql.replaceAll(SOURCE_ROWS, () => rows);
}

/** Beside the slice's table, or in the staging dataset of its project, which is made unless it is there. */
async function stagedTable(environment: Environment, slice: Slice): Promise<TableRef> {
  const { table, location } = slice;
  const { stagingDataset, labels = {} } = environment.settings;
  const staged = { ...table, dataset: stagingDataset ?? table.dataset, table: stagedName(slice) };
  if ((await stagingLocation(environment, slice)) === undefined)
    await createDataset(environment, staged, location, labels);
  return staged;
}

/** Where transformed rows of a table wait, undefined when that dataset has to be made; throws `location_mismatch` when it lies elsewhere. */
export async function stagingLocation(
  environment: Environment,
  { table, location }: Pick<Slice, 'table' | 'location'>,
): Promise<string | undefined> {
  const { stagingDataset: dataset } = environment.settings;
  if (dataset === undefined) return location;
  const found = await datasetLocation(environment, { ...table, dataset });
  if (found === undefined || isSameLocation(found, location)) return found;
  throw new TerminalError(
    'location_mismatch',
    `the staging dataset ${table.project}.${dataset} is in ${found}, the source in ${location}; set STAGING_DATASET to a dataset in ${location}, or leave it out to stage beside the source`,
  );
}

function stagedName({ table, window, snapshot, transform }: Slice): string {
  const parts = [
    tableName(table),
    window.lo,
    window.hi,
    snapshot,
    transform?.sql,
    transform?.cursorField,
  ].map(String);
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
  return `pulse_billing_etl_transformed_${digest}`;
}
