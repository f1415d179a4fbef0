/** Staging tables: tables like the destination that nobody reads and that remove themselves. */
import { TerminalError } from '../job/errors.ts';
import { MICROS_PER_MS, type Micros } from '../job/instant.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { LINEAGE_CURSOR, LINEAGE_FIELDS, LINEAGE_JOB_ID, type TableSchema } from '../job/table-schema.ts';
import type { StagedSize } from '../etl/destination.ts';
import type { Slice } from '../etl/source.ts';
import type { Environment } from './environment.ts';
import { dryRun, runQuery } from './query-jobs.ts';
import { overwriteSql } from './replacement-sql.ts';
import { restAnswer, restCall } from './rest.ts';
import { COPIED_CURSOR, cursorMicros, cursorOf } from './slice-sql.ts';
import { datasetPath, quoteColumn, tablePath } from './table-ref.ts';
import { describeTable } from './tables.ts';
import { assertCursors, rowsOfSlice } from './transformed-slice.ts';

type TableResource = {
  readonly schema?: object;
  readonly timePartitioning?: object;
  readonly rangePartitioning?: object;
  readonly clustering?: object;
  readonly numRows?: string;
  readonly numBytes?: string;
};

const LINEAGE = LINEAGE_FIELDS.map(({ name }) => name);
const HTTP_NOT_FOUND = 404;
const HTTP_CONFLICT = 409;
const STAGING_TIMEOUT_MS = 6 * 3_600_000;

/** Makes the staging table: a copy job takes only a table of the same columns, partitions and clusters. */
export async function createStagingTable(
  environment: Environment,
  staging: TableRef,
  like: TableRef,
  expiresAt: Micros,
): Promise<void> {
  const doing = `creating the staging table ${tableName(staging)}`;
  const { schema, timePartitioning, rangePartitioning, clustering } = await readTable(
    environment,
    like,
    doing,
  );
  await restAnswer(
    environment,
    {
      method: 'POST',
      project: staging.project,
      path: `${datasetPath(staging)}/tables`,
      body: {
        tableReference: { projectId: staging.project, datasetId: staging.dataset, tableId: staging.table },
        ...{ schema, timePartitioning, rangePartitioning, clustering },
        expirationTime: String(expiresAt / MICROS_PER_MS),
        description: `Rows on their way to ${tableName(like)}; removes itself`,
        ...(environment.settings.labels && { labels: environment.settings.labels }),
      },
      doing,
    },
    [HTTP_CONFLICT],
  );
}

/** Whether a dry run of the slice's query is let through under this side's identity. */
export async function canQuery(environment: Environment, slice: Slice): Promise<boolean> {
  try {
    const table = await describeTable(environment, slice.table);
    if (!table) return false;
    const { from } = rowsOfSlice(slice, cursorOf(slice.table, table.schema, slice.cursorField));
    const sql = `SELECT ${slice.transform ? 't.*' : quoteColumn(slice.cursorField)} FROM ${from}`;
    await dryRun(environment, { sql, location: slice.location, doing: 'trying a query of the source' });
    return true;
  } catch (error) {
    if (error instanceof TerminalError) return false;
    throw error;
  }
}

/**
 * Fills the staging table with the slice's rows in one statement that first removes whatever an earlier try put there, so
 * that it may be repeated, and by two workers at once. Throws TerminalError when a transform made a row without a cursor or
 * with one outside the window.
 */
export async function stageSlice(
  environment: Environment,
  staging: TableRef,
  slice: Slice,
  lineage: string,
  signal: AbortSignal,
): Promise<StagedSize> {
  const doing = `copying ${tableName(slice.table)} into the staging table ${tableName(staging)}`;
  await runQuery(environment, {
    sql: await stagingSql(environment, staging, slice),
    parameters: { lineage },
    location: slice.location,
    timeoutMs: STAGING_TIMEOUT_MS,
    signal,
    doing,
  });
  const { transform } = slice;
  if (transform) await assertCursors(environment, { ...slice, transform }, staging, COPIED_CURSOR);
  const { numRows, numBytes } = await readTable(environment, staging, doing);
  return { rows: Number(numRows ?? 0), bytes: Number(numBytes ?? 0) };
}

/** Removes a table; one that is gone is fine. */
export async function dropTable(environment: Environment, table: TableRef): Promise<void> {
  await restAnswer(
    environment,
    {
      method: 'DELETE',
      project: table.project,
      path: tablePath(table),
      doing: `removing the staging table ${tableName(table)}`,
    },
    [HTTP_NOT_FOUND],
  );
}

async function stagingSql(environment: Environment, staging: TableRef, slice: Slice): Promise<string> {
  const source = await describeTable(environment, slice.table);
  if (!source)
    throw new TerminalError(
      'source_not_found',
      `the source table ${tableName(slice.table)} does not exist any more`,
    );
  const { from, condition } = rowsOfSlice(slice, cursorOf(slice.table, source.schema, slice.cursorField));
  const schema = slice.transform ? await transformedSchema(environment, slice, from) : source.schema;
  const cursor = cursorOf(slice.table, schema, slice.transform?.cursorField ?? slice.cursorField);
  const micros = cursorMicros(cursor, `t.${quoteColumn(cursor.field)}`);
  // Lineage is always the copy's own, even where the source is a copy itself.
  const columns = schema.map(({ name }) => name).filter((name) => !LINEAGE.includes(name));
  const values = [
    ...columns.map((name) => `t.${quoteColumn(name)}`),
    `@lineage AS ${quoteColumn(LINEAGE_JOB_ID)}`,
    `TIMESTAMP_MICROS(${micros}) AS ${quoteColumn(LINEAGE_CURSOR)}`,
  ];
  const rows = [`SELECT ${values.join(', ')}`, `FROM ${from}`, `WHERE ${condition}`].join('\n');
  return overwriteSql(staging, [...columns, ...LINEAGE], `(${rows})`);
}

async function transformedSchema(
  environment: Environment,
  { table, location }: Slice,
  from: string,
): Promise<TableSchema> {
  const doing = `asking what the transform of ${tableName(table)} makes`;
  return (await dryRun(environment, { sql: `SELECT t.* FROM ${from}`, location, doing })).schema;
}

function readTable(environment: Environment, table: TableRef, doing: string): Promise<TableResource> {
  return restCall<TableResource>(environment, {
    method: 'GET',
    project: table.project,
    path: tablePath(table),
    doing,
  });
}
