// Rows of the strict warehouse as Arrow IPC messages and back: the form in which they travel through the ports.
import {
  Bool,
  type Data,
  DataType,
  Field,
  Float64,
  Int64,
  List,
  type RecordBatch,
  Schema,
  Struct,
  tableFromIPC,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import type { ArrowRows } from '../../../src/columnar/arrow-rows.ts';
import type { Field as TableField, TableSchema } from '../../../src/job/table-schema.ts';
import { encodeRows, encodeSchema } from '../arrow-encoder.ts';
import { decodeBatch } from '../arrow-values.ts';

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** A value: INT64 and TIMESTAMP (in microseconds) as bigint, FLOAT64 as number. */
export type Cell =
  null | boolean | number | bigint | string | readonly Cell[] | { readonly [name: string]: Cell };

/** One row by column name; a column left out is NULL. */
export type Row = { readonly [column: string]: Cell };

/** The schema message of a table, as the Storage Read API sends it. */
export function schemaMessage(schema: TableSchema): Uint8Array {
  return encodeSchema(arrowSchema(schema));
}

/** The rows as one record-batch message. */
export function recordBatch(schema: TableSchema, rows: readonly Row[]): ArrowRows {
  const values = rows.map((row) => schema.map((field) => encoded(field, row[field.name] ?? null)));
  return { recordBatch: encodeRows(arrowSchema(schema), values), rowCount: rows.length };
}

/** The rows of a message under the schema it was announced with. */
export function rowsOf(schema: Uint8Array, { recordBatch: message }: ArrowRows): Row[] {
  const batch = decodeBatch(schema, message);
  return Array.from({ length: batch.numRows }, (_, row) => rowAt(batch, row));
}

/** The columns a schema message announces, with the types the warehouse would store them as. */
export function announcedColumns(schema: Uint8Array): ReadonlyMap<string, string> {
  let columns = announced.get(schema);
  if (!columns) {
    const { fields } = tableFromIPC(Buffer.concat([schema, END_OF_STREAM])).schema;
    columns = new Map(fields.map((field) => [field.name, String(field.type)]));
    announced.set(schema, columns);
  }
  return columns;
}

// Every append of a writer is under one schema, and reading it takes longer than reading a few rows.
const announced = new WeakMap<Uint8Array, ReadonlyMap<string, string>>();

/** How Arrow names the type of a column, for comparing it with what is announced. */
export function arrowTypeName(field: TableField): string {
  return String(arrowField(field).type);
}

function arrowSchema(schema: TableSchema): Schema {
  let made = arrowSchemas.get(schema);
  if (!made) arrowSchemas.set(schema, (made = new Schema(schema.map(arrowField))));
  return made;
}

const arrowSchemas = new WeakMap<TableSchema, Schema>();

function arrowField(field: TableField): Field {
  const type = arrowType(field);
  return new Field(
    field.name,
    field.mode === 'REPEATED' ? new List(new Field('item', type, true)) : type,
    true,
  );
}

function arrowType({ name, type, fields = [] }: TableField): DataType {
  switch (type) {
    case 'INT64':
      return new Int64();
    case 'FLOAT64':
      return new Float64();
    case 'BOOL':
      return new Bool();
    case 'STRING':
    case 'JSON':
      return new Utf8();
    case 'TIMESTAMP':
      return new TimestampMicrosecond('UTC');
    case 'STRUCT':
      return new Struct(fields.map(arrowField));
    default:
      throw new Error(`the strict warehouse does not hold columns of type ${type} (${name})`);
  }
}

/** As the encoder takes it: a struct is the array of its fields' values. */
function encoded(field: TableField, cell: Cell): unknown {
  if (field.mode === 'REPEATED')
    return ((cell ?? []) as readonly Cell[]).map((item) => encoded({ ...field, mode: 'NULLABLE' }, item));
  if (cell === null || field.type !== 'STRUCT') return cell;
  const struct = cell as { readonly [name: string]: Cell };
  return (field.fields ?? []).map((child) => encoded(child, struct[child.name] ?? null));
}

function rowAt(batch: RecordBatch, row: number): Row {
  return Object.fromEntries(
    batch.schema.fields.map((field, column) => [field.name, cellAt(batch.data.children[column]!, row)]),
  );
}

function cellAt(data: Data, at: number): Cell {
  const type = data.type;
  if (!data.getValid(at)) return DataType.isList(type) ? [] : null;
  if (DataType.isStruct(type))
    return Object.fromEntries(type.children.map((child, i) => [child.name, cellAt(data.children[i]!, at)]));
  if (DataType.isBool(type))
    return (((data.values as Uint8Array)[at >> 3] as number) & (1 << (at & 7))) !== 0;
  if (DataType.isFloat(type)) return (data.values as Float64Array)[at]!;
  if (DataType.isInt(type) || DataType.isTimestamp(type)) return (data.values as BigInt64Array)[at]!;
  const { 0: start, 1: end } = (data.valueOffsets as Int32Array).subarray(at, at + 2) as unknown as [
    number,
    number,
  ];
  if (DataType.isList(type))
    return Array.from({ length: end - start }, (_, i) => cellAt(data.children[0]!, start + i));
  return Buffer.from((data.values as Uint8Array).subarray(start, end)).toString('utf8');
}
