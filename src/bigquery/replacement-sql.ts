/** Statements that add rows or put them in the place of others, atomically and without a key: no row is ever matched with another. */
import type { TableRef } from '../job/table-ref.ts';
import { LINEAGE_JOB_ID } from '../job/table-schema.ts';
import type { ReplacedRows, StagedRows } from '../etl/destination.ts';
import { STAGING_DIFFERS } from './errors.ts';
import { COPIED_CURSOR, windowCondition } from './slice-sql.ts';
import { quoteColumn, quoteTable } from './table-ref.ts';

/** The rows of `from` become the whole content of the table. */
export function overwriteSql(table: TableRef, columns: readonly string[], from: string): string {
  return mergeSql(table, columns, from, 'WHEN NOT MATCHED BY SOURCE');
}

/** The staged rows are added. */
export function insertSql(staged: StagedRows): string {
  const names = staged.columns.map(quoteColumn).join(', ');
  return `INSERT INTO ${quoteTable(staged.table)} (${names})\nSELECT ${names} FROM ${decidedRows(staged)}`;
}

/** The staged rows take the place of one organization's rows of a window; every other row stays as it is. */
export function replacementSql(staged: StagedRows, { organizationId, window }: ReplacedRows): string {
  // Organization ids have no quotes and no slash, so that no organization's prefix is another's.
  const ofOrganization = `STARTS_WITH(d.${quoteColumn(LINEAGE_JOB_ID)}, '${organizationId}/')`;
  const inWindow = windowCondition(COPIED_CURSOR, window, 'd.');
  return mergeSql(
    staged.table,
    staged.columns,
    decidedRows(staged),
    `WHEN NOT MATCHED BY SOURCE AND ${ofOrganization} AND ${inWindow}`,
  );
}

/**
 * A worker that was out of its lease for long may still commit write streams of its own into the staging table, even after the
 * decision: then the statement fails as a whole, and `errors.ts` knows it by these words. A query that stages the slice
 * again, however late, leaves there what was there before.
 */
function decidedRows({ staging, streamed, rows }: StagedRows): string {
  const from = quoteTable(staging);
  if (!streamed) return from;
  const isWhole = `IF((SELECT COUNT(*) FROM ${from}) = ${rows}, TRUE, ERROR('${STAGING_DIFFERS}'))`;
  return `(SELECT * FROM ${from} WHERE ${isWhole})`;
}

/** ON FALSE matches nothing: what the first clause finds is deleted, and every row of `from` is inserted. */
function mergeSql(table: TableRef, columns: readonly string[], from: string, deleted: string): string {
  const names = columns.map(quoteColumn);
  return [
    `MERGE INTO ${quoteTable(table)} AS d`,
    `USING ${from} AS s`,
    'ON FALSE',
    `${deleted} THEN DELETE`,
    `WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${names.map((name) => `s.${name}`).join(', ')})`,
  ].join('\n');
}
