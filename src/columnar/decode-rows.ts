/** Rows of an Arrow record batch as JavaScript values: what encode-rows takes, read back without loss. */
import { TerminalError } from '../job/errors.ts';
import type { Field, TableSchema } from '../job/table-schema.ts';
import { decimalText } from '../job/totals.ts';
import { isSet } from './bitmap.ts';
import { formatDate, formatDateTime, formatTime } from './civil-time.ts';
import type { ColumnNode } from './column-node.ts';
import { DECIMAL } from './field-writer.ts';
import type { IncomingRows } from './incoming-rows.ts';
import type { Row, RowValue } from './row-value.ts';

/** Gives the rows [start, end) of a message. */
export type RowDecoder = (rows: IncomingRows, start: number, end: number) => Row[];

type ReadValue = (rows: IncomingRows, at: number) => RowValue;
type ReadScalar = (rows: IncomingRows, node: ColumnNode, at: number) => RowValue;

/**
 * A decoder for the table's columns among the nodes of a schema message. Throws TerminalError('unsupported') naming a
 * column that is missing there, lies otherwise in memory than BigQuery lays it, or is of a type no row value stands for.
 */
export function rowDecoder(schema: TableSchema, nodes: readonly ColumnNode[]): RowDecoder {
  const columns = schema.map((field) => {
    const node = nodes.find(({ parent, name }) => !parent && name.toLowerCase() === field.name.toLowerCase());
    return [field.name, reader(field, node, nodes)] as const;
  });
  return (rows, start, end) => {
    const decoded: Record<string, RowValue>[] = Array.from({ length: end - start }, () => ({}));
    for (const [name, read] of columns)
      for (let at = start; at < end; at += 1)
        (decoded[at - start] as Record<string, RowValue>)[name] = read(rows, at);
    return decoded;
  };
}

function reader(field: Field, node: ColumnNode | undefined, nodes: readonly ColumnNode[]): ReadValue {
  if (!node) throw unreadable(field, 'the source sends no such column');
  return field.mode === 'REPEATED' ? listReader(field, node, nodes) : elementReader(field, node, nodes);
}

/** BigQuery knows no NULL array: it is an empty one. */
function listReader(field: Field, node: ColumnNode, nodes: readonly ColumnNode[]): ReadValue {
  const item = nodes.find(({ parent }) => parent === node);
  if (node.kind !== 'list' || !item) throw unreadable(field, 'it does not arrive as a list');
  const read = elementReader(field, item, nodes);
  return (rows, at) => {
    if (!rows.isValid(node, at)) return [];
    const [first, end] = [rows.offsetAt(node, at), rows.offsetAt(node, at + 1)];
    return Array.from({ length: end - first }, (_, i) => read(rows, first + i));
  };
}

function elementReader(field: Field, node: ColumnNode, nodes: readonly ColumnNode[]): ReadValue {
  const read = field.type === 'STRUCT' ? structReader(field, node, nodes) : scalarReader(field, node);
  return (rows, at) => (rows.isValid(node, at) ? read(rows, at) : null);
}

function structReader(field: Field, node: ColumnNode, nodes: readonly ColumnNode[]): ReadValue {
  if (node.kind !== 'struct') throw unreadable(field, 'it does not arrive as a struct');
  const children = nodes.filter(({ parent }) => parent === node);
  const members = (field.fields ?? []).map((child) => {
    const found = children.find(({ name }) => name.toLowerCase() === child.name.toLowerCase());
    return [child.name, reader(child, found, nodes)] as const;
  });
  return (rows, at) => {
    const struct: Record<string, RowValue> = {};
    for (const [name, read] of members) struct[name] = read(rows, at);
    return struct;
  };
}

function scalarReader(field: Field, node: ColumnNode): ReadValue {
  const { type } = field;
  if (type === 'STRUCT' || type === 'INTERVAL' || type === 'RANGE')
    throw unreadable(field, `${type} is no type that rows of JavaScript values have`);
  const [kind, bytes, read] = SCALARS[type];
  if (node.kind !== kind || (kind === 'fixed' && node.bytes !== bytes))
    throw unreadable(field, `${type} does not arrive in the form that BigQuery gives it`);
  return (rows, at) => read(rows, node, at);
}

const readText: ReadScalar = (rows, node, at) => {
  const data = rows.dataStart(node);
  return rows.text(data + rows.offsetAt(node, at), data + rows.offsetAt(node, at + 1));
};

const readInt64 = (rows: IncomingRows, node: ColumnNode, at: number): bigint =>
  rows.values.getBigInt64(rows.valuesStart(node) + 8 * at, true);

/** How the values of each type lie in memory, and how one is read. Source: BigQuery's Storage API, "Arrow schema details". */
const SCALARS: Readonly<
  Record<
    Exclude<Field['type'], 'STRUCT' | 'INTERVAL' | 'RANGE'>,
    readonly [kind: ColumnNode['kind'], bytes: number, read: ReadScalar]
  >
> = {
  INT64: ['fixed', 8, readInt64],
  FLOAT64: ['fixed', 8, (rows, node, at) => rows.values.getFloat64(rows.valuesStart(node) + 8 * at, true)],
  NUMERIC: ['fixed', DECIMAL.NUMERIC.bits / 8, decimalReader(DECIMAL.NUMERIC)],
  BIGNUMERIC: ['fixed', DECIMAL.BIGNUMERIC.bits / 8, decimalReader(DECIMAL.BIGNUMERIC)],
  BOOL: ['bits', 0, (rows, node, at) => isSet(rows.body.subarray(rows.valuesStart(node)), at)],
  STRING: ['variable', 0, readText],
  JSON: ['variable', 0, readText],
  GEOGRAPHY: ['variable', 0, readText],
  BYTES: [
    'variable',
    0,
    (rows, node, at) => {
      const data = rows.dataStart(node);
      return new Uint8Array(
        rows.body.subarray(data + rows.offsetAt(node, at), data + rows.offsetAt(node, at + 1)),
      );
    },
  ],
  DATE: [
    'fixed',
    4,
    (rows, node, at) => formatDate(rows.values.getInt32(rows.valuesStart(node) + 4 * at, true)),
  ],
  TIME: ['fixed', 8, (rows, node, at) => formatTime(readInt64(rows, node, at))],
  DATETIME: ['fixed', 8, (rows, node, at) => formatDateTime(readInt64(rows, node, at))],
  TIMESTAMP: ['fixed', 8, readInt64],
};

function decimalReader({ bits, scale }: (typeof DECIMAL)[keyof typeof DECIMAL]): ReadScalar {
  const words = bits / 64;
  return (rows, node, at) => {
    const start = rows.valuesStart(node) + (bits / 8) * at;
    let unscaled = rows.values.getBigInt64(start + 8 * (words - 1), true);
    for (let word = words - 2; word >= 0; word -= 1)
      unscaled = (unscaled << 64n) | rows.values.getBigUint64(start + 8 * word, true);
    return decimalText(unscaled, scale);
  };
}

function unreadable(field: Field, why: string): TerminalError {
  return new TerminalError(
    'unsupported',
    `column ${field.name} (${field.mode} ${field.type}) cannot be given to a module transform: ${why}; cast or leave it out with a SQL transform`,
  );
}
