/** A slice in SQL: its table at its snapshot and the condition its rows meet, to the microsecond. */
import { TerminalError } from '../job/errors.ts';
import { formatInstant, type Micros } from '../job/instant.ts';
import type { Window } from '../job/job.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { fieldAt, LINEAGE_CURSOR, type TableSchema } from '../job/table-schema.ts';
import { quoteColumn, quoteTable } from './table-ref.ts';

/** A column that can order new data. */
export type Cursor = { readonly field: string; readonly type: 'TIMESTAMP' | 'DATETIME' | 'DATE' };

/** The cursor as every copy carries it, whatever its type at the source. */
export const COPIED_CURSOR: Cursor = { field: LINEAGE_CURSOR, type: 'TIMESTAMP' };

/** The cursor column of a table; throws TerminalError('invalid_configuration') when it is not there or has no point in time. */
export function cursorOf(table: TableRef, schema: TableSchema, field: string): Cursor {
  const type = fieldAt(schema, field)?.type;
  if (type === 'TIMESTAMP' || type === 'DATETIME' || type === 'DATE') return { field, type };
  throw new TerminalError(
    'invalid_configuration',
    `the cursor field "${field}" of ${tableName(table)} ${type ? `has type ${type}` : 'does not exist'}; it must be a TIMESTAMP, DATETIME or DATE column`,
  );
}

/** FROM item of the table as it stood at the snapshot, under the alias `t`. */
export function tableAsOf(table: TableRef, snapshot: Micros): string {
  return `${quoteTable(table)} AS t FOR SYSTEM_TIME AS OF ${timestampLiteral(snapshot)}`;
}

/** Condition for (lo, hi]; plain enough for a row restriction of the Storage Read API too. */
export function windowCondition(cursor: Cursor, { lo, hi }: Window, alias = ''): string {
  const column = alias + quoteColumn(cursor.field);
  const upper = `${column} <= ${cursorLiteral(cursor, hi)}`;
  return lo === undefined ? upper : `${column} > ${cursorLiteral(cursor, lo)} AND ${upper}`;
}

/** An instant as a value of the cursor's type: one without zone is in UTC, a date covers the whole of its day. */
export function cursorLiteral({ type }: Cursor, instant: Micros): string {
  if (type === 'TIMESTAMP') return timestampLiteral(instant);
  const [date, time] = formatInstant(instant).slice(0, -1).split('T');
  // A date stands for its midnight; no midnight lies between an instant and the start of its day, so comparing with the day is exact.
  return type === 'DATE' ? `DATE '${date}'` : `DATETIME '${date} ${time}'`;
}

/** Expression for a cursor value as whole microseconds since 1970. */
export function cursorMicros({ type }: Cursor, expression: string): string {
  return `UNIX_MICROS(${type === 'TIMESTAMP' ? expression : `TIMESTAMP(${expression})`})`;
}

/** A TIMESTAMP literal, exact to the microsecond. */
export function timestampLiteral(instant: Micros): string {
  const [date, time] = formatInstant(instant).slice(0, -1).split('T');
  return `TIMESTAMP '${date} ${time}+00'`;
}
