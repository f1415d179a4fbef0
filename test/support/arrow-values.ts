// Random values of any Arrow type, and the values of a message as apache-arrow reads them.
import { type Data, DataType, type RecordBatch, tableFromIPC } from 'apache-arrow';
import type { SeededRandom } from './seeded-random.ts';

const TEXTS = ['', 'a', 'us-east1', 'grün', '東京', 'a longer text that fills more than a word'];
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** A row's values in the order of the columns; a struct is an array of its fields' values, an uninterpreted value its bytes. */
export type Row = readonly unknown[];

/** A value for the encoder; NULLs only within it. */
export function randomValue(type: DataType, random: SeededRandom, nulls = 0.3): unknown {
  const nullable = (of: DataType): unknown => (random.chance(nulls) ? null : randomValue(of, random, nulls));
  if (DataType.isNull(type)) return null;
  if (DataType.isBool(type)) return random.chance(0.5);
  if (DataType.isStruct(type)) return type.children.map((child) => nullable(child.type as DataType));
  if (DataType.isList(type) || isLargeList(type))
    return Array.from({ length: random.below(4) }, () => nullable(type.children[0]?.type as DataType));
  if (isVariable(type)) return random.pick(TEXTS);
  return random.bytes(fixedWidth(type));
}

/** Rows for the encoder. */
export function randomRows(types: readonly DataType[], count: number, random: SeededRandom): Row[] {
  return Array.from({ length: count }, () =>
    types.map((type) => (random.chance(0.3) ? null : randomValue(type, random))),
  );
}

/** A record-batch message as apache-arrow reads it. */
export function decodeBatch(schema: Uint8Array, message: Uint8Array): RecordBatch {
  return tableFromIPC(Buffer.concat([schema, message, END_OF_STREAM])).batches[0] as RecordBatch;
}

/** The rows of record-batch messages of one schema as apache-arrow reads them; values of fixed width and bytes as hexadecimal text. */
export function decodeRows(schema: Uint8Array, ...messages: readonly Uint8Array[]): unknown[][] {
  return messages.flatMap((message) => {
    const batch = decodeBatch(schema, message);
    return Array.from({ length: batch.numRows }, (_, row) =>
      batch.data.children.map((column) => valueAt(column, row)),
    );
  });
}

/** Bytes of a value of a type that has values of one width. */
export function fixedWidth(type: DataType): number {
  if (DataType.isInt(type) || DataType.isDecimal(type)) return type.bitWidth / 8;
  if (DataType.isFloat(type)) return 2 << type.precision;
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth;
  if (DataType.isInterval(type)) return 4 << type.unit;
  if (DataType.isDate(type)) return 4 << type.unit;
  if (DataType.isTime(type)) return type.bitWidth / 8;
  if (DataType.isTimestamp(type) || DataType.isDuration(type)) return 8;
  throw new Error(`the test encoder does not know ${String(type)}`);
}

export function isVariable(type: DataType): boolean {
  return (
    DataType.isUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isLargeBinary(type)
  );
}

export function isLargeList(type: DataType): boolean {
  return DataType.isLargeList(type);
}

function valueAt(data: Data, at: number): unknown {
  const type = data.type;
  if (DataType.isNull(type) || !data.getValid(at)) return null;
  if (DataType.isStruct(type)) return data.children.map((child) => valueAt(child, at));
  const values = data.values as Uint8Array;
  if (DataType.isBool(type)) return ((values[at >> 3] as number) & (1 << (at & 7))) !== 0;
  if (DataType.isList(type) || isLargeList(type) || isVariable(type)) {
    const offsets = data.valueOffsets as Int32Array | BigInt64Array;
    const [start, end] = [Number(offsets[at]), Number(offsets[at + 1])];
    if (isVariable(type)) return Buffer.from(values.subarray(start, end)).toString('hex');
    return Array.from({ length: end - start }, (_, i) => valueAt(data.children[0] as Data, start + i));
  }
  const width = fixedWidth(type);
  return Buffer.from(values.buffer, values.byteOffset + at * width, width).toString('hex');
}
