/** Rows of JavaScript values as one Arrow record batch, in the types that the table's schema message announces. */
import type { Field, TableSchema } from '../job/table-schema.ts';
import type { ArrowRows } from './arrow-rows.ts';
import { BodyParts } from './body-parts.ts';
import { Misfit } from './misfit.ts';
import type { Row, RowValue } from './row-value.ts';
import { fixedWidthBytes, textBytes, type FixedWidthType } from './value-bytes.ts';

/** Throws TerminalError('row_rejected') naming the column and the value that does not fit its type. */
export function encodeRows(schema: TableSchema, rows: readonly Row[]): ArrowRows {
  const parts = new BodyParts();
  for (const field of schema)
    addField(
      parts,
      field,
      rows.map((row) => row[field.name] ?? null),
    );
  return { recordBatch: parts.message(rows.length), rowCount: rows.length };
}

function addField(parts: BodyParts, field: Field, values: readonly RowValue[]): void {
  if (field.mode === 'REPEATED') addList(parts, field, values);
  else addElement(parts, field, values);
}

/** BigQuery knows no NULL array: it is an empty one. */
function addList(parts: BodyParts, field: Field, values: readonly RowValue[]): void {
  const lists = values.map((value) => {
    if (value === null) return [];
    if (!Array.isArray(value)) throw new Misfit(field, value, 'an array');
    return value as readonly RowValue[];
  });
  parts.field(lists.length, 0);
  parts.validity(lists, 0);
  parts.offsets(lists.map((list) => list.length));
  addElement(parts, field, lists.flat());
}

function addElement(parts: BodyParts, field: Field, values: readonly RowValue[]): void {
  const nulls = values.filter((value) => value === null).length;
  parts.field(values.length, nulls);
  parts.validity(values, nulls);
  switch (field.type) {
    case 'STRUCT':
      return addStruct(parts, field, values);
    case 'BOOL':
      return parts.bits(values.map((value) => checked(field, value ?? false, isBoolean, 'true or false')));
    case 'STRING':
    case 'JSON':
    case 'GEOGRAPHY':
    case 'BYTES': {
      const chunks = values.map((value) => (value === null ? new Uint8Array(0) : textBytes(field, value)));
      parts.offsets(chunks.map((chunk) => chunk.length));
      return parts.buffer(Buffer.concat(chunks));
    }
    default:
      return parts.buffer(fixedWidthBytes(field as Field & { type: FixedWidthType }, values));
  }
}

function addStruct(parts: BodyParts, field: Field, values: readonly RowValue[]): void {
  const structs = values.map((value) => checked(field, value ?? {}, isStruct, 'an object'));
  for (const child of field.fields ?? [])
    addField(
      parts,
      child,
      structs.map((struct) => struct[child.name] ?? null),
    );
}

function isBoolean(value: RowValue): value is boolean {
  return typeof value === 'boolean';
}

function isStruct(value: RowValue): value is { readonly [field: string]: RowValue } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function checked<T extends RowValue>(
  field: Field,
  value: RowValue,
  fits: (value: RowValue) => value is T,
  wanted: string,
): T {
  if (fits(value)) return value;
  throw new Misfit(field, value, wanted);
}
