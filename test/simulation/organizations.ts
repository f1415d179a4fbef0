// The organizations of simulated worlds, their tables and the rows they export: the same in every world, so that they are made once.
import type { TableRef } from '../../src/job/table-ref.ts';
import type { TableSchema } from '../../src/job/table-schema.ts';
import type { Row } from '../support/strict-warehouse/arrow-rows.ts';

/** The last is copied within one warehouse, by queries; the others are streamed by the worker, m1 through a module and f1 by way of a staging table. */
export const ORGANIZATIONS = ['o1', 'o2', 'o3', 'm1', 'f1', 'q1'] as const;

/** Is asked for, and configured nowhere. */
export const UNKNOWN_ORGANIZATION = 'nobody';
/** Stands in every row; must never be seen in a log, an error or a message. */
export const SECRET = 'row-content-that-nobody-may-log';

export const SOURCE_SCHEMA: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'NULLABLE' },
  { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
  { name: 'currency', type: 'STRING', mode: 'NULLABLE' },
  { name: 'note', type: 'STRING', mode: 'NULLABLE' },
  { name: 'export_time', type: 'TIMESTAMP', mode: 'NULLABLE' },
];

/** Ten hours before virtual time begins. */
const FIRST_CURSOR = 1_767_225_600_000_000n - 36_000_000_000n;
const MOST_ROWS_OF_AN_EXPORT = 16;
const EXPORTS = 6;
const LATE_IDS = 1_000n;

/** Whether an organization's rows never pass through the worker. */
export function isPushedDown(organizationId: string): boolean {
  return organizationId === 'q1';
}

/** Whether an organization's rows go through a module, which rejects some of them. */
export function isTransformed(organizationId: string): boolean {
  return organizationId === 'm1';
}

/** Whether every column of an organization's rows is compared, for which they are staged first. */
export function isFingerprinted(organizationId: string): boolean {
  return organizationId === 'f1';
}

export function sourceOf(organizationId: string): TableRef {
  if (isPushedDown(organizationId))
    return { project: 'destination-env', dataset: 'billing', table: `export_${organizationId}` };
  return { project: 'source-env', dataset: 'billing', table: `export_${organizationId}` };
}

export function destinationOf(organizationId: string): TableRef {
  return { project: 'destination-env', dataset: 'copies', table: organizationId };
}

/** Where rejected rows are kept. */
export function quarantineOf(organizationId: string): TableRef {
  return { project: 'destination-env', dataset: 'quarantine', table: organizationId };
}

const PREPARED: readonly Row[] = Array.from({ length: EXPORTS * MOST_ROWS_OF_AN_EXPORT }, (_, at) => ({
  id: BigInt(at + 1),
  cost: (at + 1) / 10,
  currency: at % 3 === 0 ? 'EUR' : 'USD',
  note: SECRET,
  export_time: FIRST_CURSOR + BigInt(at) * 60_000_000n,
}));

/** Rows that come late, with cursors among those of the first export. */
export function lateRows(count: number): readonly Row[] {
  return PREPARED.slice(0, count).map((row) => ({
    ...row,
    id: (row['id'] as bigint) + LATE_IDS,
    export_time: (row['export_time'] as bigint) + 30_000_000n,
  }));
}

/** The cursor of the nth row of the first export; of a negative one, an instant before them all. */
export function cursorAt(row: number): bigint {
  return FIRST_CURSOR + BigInt(row) * 60_000_000n;
}

/** The rows of an organization's nth export, from 0; those of a later export have later cursors. */
export function exportedRows(export_: number, count: number): readonly Row[] {
  const first = export_ * MOST_ROWS_OF_AN_EXPORT;
  return PREPARED.slice(first, first + Math.min(count, MOST_ROWS_OF_AN_EXPORT));
}
