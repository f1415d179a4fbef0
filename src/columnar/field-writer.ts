/** Writes the Arrow fields that carry the columns of a table, in the types BigQuery itself uses for them. */
import type { Builder } from 'flatbuffers';
import { TerminalError } from '../job/errors.ts';
import type { Field } from '../job/table-schema.ts';
import { FIELD } from './arrow-field.ts';
import { MICROSECOND, TYPE } from './arrow-type.ts';

const DOUBLE_PRECISION = 2;
const DAY_UNIT = 0;
const MILLISECOND_UNIT = 1;

/** Width and scale of the decimals. Source: BigQuery's Storage API, "Arrow schema details". */
export const DECIMAL = {
  NUMERIC: { bits: 128, precision: 38, scale: 9 },
  BIGNUMERIC: { bits: 256, precision: 76, scale: 38 },
} as const;

/** Writes the field and returns its offset; throws TerminalError('unsupported') naming a column whose type Arrow rows of ours cannot carry. */
export function writeField(builder: Builder, field: Field): number {
  if (field.mode !== 'REPEATED') return writeElement(builder, field.name, field);
  const item = writeElement(builder, 'item', field);
  builder.startObject(0);
  return writeTyped(builder, field.name, TYPE.list, builder.endObject(), [item]);
}

function writeElement(builder: Builder, name: string, field: Field): number {
  const children =
    field.type === 'STRUCT' ? (field.fields ?? []).map((child) => writeField(builder, child)) : [];
  const [typeNumber, type] = writeType(builder, field);
  return writeTyped(builder, name, typeNumber, type, children);
}

function writeTyped(
  builder: Builder,
  name: string,
  typeNumber: number,
  type: number,
  children: readonly number[],
): number {
  const text = builder.createString(name);
  // Readers in C++ refuse a field without a list of children, even an empty one.
  builder.startVector(4, children.length, 4);
  for (const child of children.toReversed()) builder.addOffset(child);
  const childVector = builder.endVector();
  builder.startObject(FIELD.children + 1);
  builder.addFieldOffset(FIELD.name, text, 0);
  builder.addFieldInt8(FIELD.nullable, 1, 0);
  builder.addFieldInt8(FIELD.typeNumber, typeNumber, 0);
  builder.addFieldOffset(FIELD.type, type, 0);
  builder.addFieldOffset(FIELD.children, childVector, 0);
  return builder.endObject();
}

function writeType(builder: Builder, field: Field): [typeNumber: number, type: number] {
  switch (field.type) {
    case 'INT64':
      return [TYPE.int, int64(builder)];
    case 'FLOAT64':
      return [TYPE.floatingPoint, shorts(builder, [DOUBLE_PRECISION, 0])];
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return [TYPE.decimal, decimal(builder, field.type)];
    case 'BOOL':
      return [TYPE.bool, empty(builder)];
    case 'STRING':
    case 'JSON':
    case 'GEOGRAPHY':
      return [TYPE.utf8, empty(builder)];
    case 'BYTES':
      return [TYPE.binary, empty(builder)];
    case 'DATE':
      return [TYPE.date, shorts(builder, [DAY_UNIT, MILLISECOND_UNIT])];
    case 'TIME':
      return [TYPE.time, time64(builder)];
    case 'DATETIME':
      return [TYPE.timestamp, shorts(builder, [MICROSECOND, 0])];
    case 'TIMESTAMP':
      return [TYPE.timestamp, timestamp(builder)];
    case 'STRUCT':
      return [TYPE.struct, empty(builder)];
    default:
      throw new TerminalError(
        'unsupported',
        `column ${field.name} has type ${field.type}, which rows of this source cannot carry; leave the column out`,
      );
  }
}

function empty(builder: Builder): number {
  builder.startObject(0);
  return builder.endObject();
}

function shorts(builder: Builder, [value, byDefault]: readonly [number, number]): number {
  builder.startObject(1);
  builder.addFieldInt16(0, value, byDefault);
  return builder.endObject();
}

function int64(builder: Builder): number {
  builder.startObject(2);
  builder.addFieldInt32(0, 64, 0);
  builder.addFieldInt8(1, 1, 0);
  return builder.endObject();
}

function decimal(builder: Builder, type: keyof typeof DECIMAL): number {
  const { bits, precision, scale } = DECIMAL[type];
  builder.startObject(3);
  builder.addFieldInt32(0, precision, 0);
  builder.addFieldInt32(1, scale, 0);
  builder.addFieldInt32(2, bits, 128);
  return builder.endObject();
}

function time64(builder: Builder): number {
  builder.startObject(2);
  builder.addFieldInt16(0, MICROSECOND, MILLISECOND_UNIT);
  builder.addFieldInt32(1, 64, 32);
  return builder.endObject();
}

function timestamp(builder: Builder): number {
  const utc = builder.createString('UTC');
  builder.startObject(2);
  builder.addFieldInt16(0, MICROSECOND, 0);
  builder.addFieldOffset(1, utc, 0);
  return builder.endObject();
}
