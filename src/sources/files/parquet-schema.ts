/** The columns of a Parquet file in BigQuery's terms, and how a stored value becomes one of them without loss. */
import { parquetSchema, type FileMetaData, type SchemaElement, type SchemaTree } from 'hyparquet';
import { formatDate } from '../../columnar/civil-time.ts';
import type { RowValue } from '../../columnar/row-value.ts';
import { TerminalError } from '../../job/errors.ts';
import { formatInstant } from '../../job/instant.ts';
import type { Field, FieldType, TableSchema } from '../../job/table-schema.ts';
import { decimalText } from '../../job/totals.ts';

/** A column with the way from what the file stores to its value. */
export type ParquetColumn = { readonly field: Field; readonly value: (stored: unknown) => RowValue };

type Leaf = { readonly type: FieldType; readonly value: (stored: never) => RowValue };

/** The columns of the file; throws TerminalError('unsupported') naming a column that cannot be carried without loss. */
export function parquetColumns(metadata: FileMetaData, path: string): readonly ParquetColumn[] {
  return parquetSchema(metadata).children.map((child) => columnOf(child, path));
}

/** The columns' fields. */
export function schemaOf(columns: readonly ParquetColumn[]): TableSchema {
  return columns.map(({ field }) => field);
}

/**
 * The metadata without what its leaves mean, so that the reader hands over what is stored: its own dates end at
 * milliseconds and its decimals are floats.
 */
export function asStored(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.type === undefined) return element;
    const { converted_type: _, logical_type: __, ...stored } = element;
    return stored;
  });
  return { ...metadata, schema };
}

function columnOf(node: SchemaTree, path: string): ParquetColumn {
  const { element, children } = node;
  const list = listItem(node);
  if (list) {
    const item = columnOf(list, path);
    const field: Field = { ...item.field, name: element.name, mode: 'REPEATED' };
    return { field, value: (stored) => ((stored ?? []) as unknown[]).map((one) => item.value(one)) };
  }
  if (element.repetition_type === 'REPEATED')
    throw unsupported(node, path, 'a repeated field outside a LIST');
  const mode = element.repetition_type === 'REQUIRED' ? 'REQUIRED' : 'NULLABLE';
  if (children.length > 0) return structOf(node, path, mode);
  const leaf = leafOf(element) ?? refuse(node, path);
  const value = leaf.value as (stored: unknown) => RowValue;
  return {
    field: { name: element.name, type: leaf.type, mode },
    value: (stored) => (stored === null || stored === undefined ? null : value(stored)),
  };
}

function structOf({ element, children }: SchemaTree, path: string, mode: Field['mode']): ParquetColumn {
  if (element.converted_type === 'MAP' || element.converted_type === 'MAP_KEY_VALUE')
    throw unsupported({ element } as SchemaTree, path, 'a MAP');
  const columns = children.map((child) => columnOf(child, path));
  return {
    field: { name: element.name, type: 'STRUCT', mode, fields: schemaOf(columns) },
    value: (stored) =>
      stored === null || stored === undefined
        ? null
        : Object.fromEntries(
            columns.map((column) => [
              column.field.name,
              column.value((stored as Record<string, unknown>)[column.field.name]),
            ]),
          ),
  };
}

/** The item of a three-level list. Source: Parquet's LogicalTypes.md, Lists. */
function listItem({ element, children }: SchemaTree): SchemaTree | undefined {
  if (element.converted_type !== 'LIST' && element.logical_type?.type !== 'LIST') return undefined;
  const [repeated] = children;
  return repeated?.children.length === 1 ? repeated.children[0] : repeated;
}

function leafOf(element: SchemaElement): Leaf | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return decimalLeaf(element);
  switch (type) {
    case 'BOOLEAN':
      return { type: 'BOOL', value: (stored: boolean) => stored };
    case 'INT32':
      if (converted === 'DATE' || logical?.type === 'DATE') return { type: 'DATE', value: formatDate };
      if (converted === 'TIME_MILLIS' || logical?.type === 'TIME')
        return { type: 'TIME', value: (ms: number) => timeText(BigInt(ms) * 1000n) };
      return {
        type: 'INT64',
        value: (stored: number) => BigInt(converted === 'UINT_32' ? stored >>> 0 : stored),
      };
    case 'INT64':
      return int64Leaf(element);
    case 'FLOAT':
    case 'DOUBLE':
      return { type: 'FLOAT64', value: (stored: number) => stored };
    case 'BYTE_ARRAY':
      return textLeaf(element);
    case 'FIXED_LEN_BYTE_ARRAY':
      return logical || converted ? undefined : { type: 'BYTES', value: (stored: Uint8Array) => stored };
    default:
      return undefined;
  }
}

function int64Leaf({ converted_type: converted, logical_type: logical }: SchemaElement): Leaf | undefined {
  if (converted === 'UINT_64') return undefined;
  if (converted === 'TIME_MICROS' || (logical?.type === 'TIME' && logical.unit === 'MICROS'))
    return { type: 'TIME', value: timeText };
  if (logical?.type === 'TIMESTAMP') {
    if (logical.unit === 'NANOS') return undefined;
    const scale = logical.unit === 'MILLIS' ? 1000n : 1n;
    return logical.isAdjustedToUTC
      ? { type: 'TIMESTAMP', value: (stored: bigint) => stored * scale }
      : { type: 'DATETIME', value: (stored: bigint) => formatInstant(stored * scale).slice(0, -1) };
  }
  if (converted === 'TIMESTAMP_MICROS') return { type: 'TIMESTAMP', value: (micros: bigint) => micros };
  if (converted === 'TIMESTAMP_MILLIS') return { type: 'TIMESTAMP', value: (ms: bigint) => ms * 1000n };
  return logical?.type === 'TIME' ? undefined : { type: 'INT64', value: (stored: bigint) => stored };
}

function textLeaf({ converted_type: converted, logical_type: logical }: SchemaElement): Leaf | undefined {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  if (converted === 'JSON' || logical?.type === 'JSON') return { type: 'JSON', value: text };
  if (converted === 'UTF8' || converted === 'ENUM' || logical?.type === 'STRING' || logical?.type === 'ENUM')
    return { type: 'STRING', value: text };
  return logical || converted ? undefined : { type: 'BYTES', value: (stored: Uint8Array) => stored };
}

function decimalLeaf({ scale = 0, precision = 0, logical_type: logical }: SchemaElement): Leaf | undefined {
  const exact = logical?.type === 'DECIMAL' ? logical : { scale, precision };
  const type = fits(exact, 9, 29) ? 'NUMERIC' : fits(exact, 38, 38) ? 'BIGNUMERIC' : undefined;
  return type && { type, value: (stored: Stored) => decimalText(unscaled(stored), exact.scale) };
}

type Stored = number | bigint | Uint8Array;

function fits({ scale, precision }: { scale: number; precision: number }, most: number, whole: number) {
  return scale <= most && precision - scale <= whole;
}

/** Bytes are big-endian two's complement. */
function unscaled(stored: Stored): bigint {
  if (!(stored instanceof Uint8Array)) return BigInt(stored);
  const unsigned = stored.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(stored.length * 8, unsigned);
}

function timeText(micros: bigint): string {
  return formatInstant(micros).slice(11, -1);
}

function refuse(node: SchemaTree, path: string): never {
  const { element } = node;
  const meaning = element.logical_type?.type ?? element.converted_type;
  throw unsupported(
    node,
    path,
    `${element.type ?? 'no type'}${meaning === undefined ? '' : ` (${meaning})`}`,
  );
}

function unsupported({ element }: SchemaTree, path: string, what: string): TerminalError {
  return new TerminalError(
    'unsupported',
    `${path}: column ${element.name} is ${what}, which cannot be copied without loss; write it as another type`,
  );
}
