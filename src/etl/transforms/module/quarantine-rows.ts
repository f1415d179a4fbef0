/** The quarantine table: one row for each row a module rejected, with the reason and where it was read. */
import type { Row, RowValue } from '../../../columnar/row-value.ts';
import { formatInstant } from '../../../job/instant.ts';
import type { Field, TableSchema } from '../../../job/table-schema.ts';

/** The column of the quarantine table that `_etl_cursor` is taken from. */
export const QUARANTINE_CURSOR = 'source_cursor';

/** Its columns, lineage aside. A rejected row is found by its job (`_etl_job_id`), stream and offset, each of them once. */
export const QUARANTINE_COLUMNS: TableSchema = [
  { name: 'reason', type: 'STRING', mode: 'NULLABLE', description: 'what the transform said of the row' },
  { name: 'transform', type: 'STRING', mode: 'NULLABLE', description: 'the transform that rejected it' },
  { name: 'source_row', type: 'JSON', mode: 'NULLABLE', description: 'the row as it was read' },
  { name: QUARANTINE_CURSOR, type: 'TIMESTAMP', mode: 'NULLABLE', description: 'its cursor at the source' },
  {
    name: 'read_stream',
    type: 'INT64',
    mode: 'NULLABLE',
    description: 'the stream of the job it was read in',
  },
  { name: 'read_offset', type: 'INT64', mode: 'NULLABLE', description: 'how many rows came before it there' },
];

/** A row as JSON text: what JSON numbers might not hold to the last digit is text. */
export function rowJson(columns: TableSchema, row: Row): string {
  return JSON.stringify(structOf(columns, row));
}

function structOf(fields: readonly Field[], struct: Row): object {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, struct[field.name] ?? null)]));
}

function valueOf(field: Field, value: RowValue): unknown {
  if (Array.isArray(value)) return (value as readonly RowValue[]).map((item) => valueOf(field, item));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint')
    return field.type === 'TIMESTAMP' ? formatInstant(value) : wholeNumber(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'object' && value !== null ? structOf(field.fields ?? [], value as Row) : value;
}

function wholeNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}
