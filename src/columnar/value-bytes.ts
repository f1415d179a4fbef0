/** Single values in the bytes in which Arrow lays them down. */
import type { Field, FieldType } from '../job/table-schema.ts';
import { parseDecimal } from '../job/totals.ts';
import { parseDate, parseDateTime, parseTime } from './civil-time.ts';
import { DECIMAL } from './field-writer.ts';
import { Misfit } from './misfit.ts';
import type { RowValue } from './row-value.ts';

/** Types whose values all take the same number of bytes. */
export type FixedWidthType = Exclude<
  FieldType,
  'STRING' | 'BYTES' | 'JSON' | 'GEOGRAPHY' | 'BOOL' | 'STRUCT' | 'INTERVAL' | 'RANGE'
>;

const WIDTH: Record<FixedWidthType, number> = {
  INT64: 8,
  FLOAT64: 8,
  NUMERIC: DECIMAL.NUMERIC.bits / 8,
  BIGNUMERIC: DECIMAL.BIGNUMERIC.bits / 8,
  DATE: 4,
  TIME: 8,
  DATETIME: 8,
  TIMESTAMP: 8,
};

/** The values one after the other, NULL as zeros; throws a JobError naming the column for a value that does not fit. */
export function fixedWidthBytes(
  field: Field & { readonly type: FixedWidthType },
  values: readonly RowValue[],
): Uint8Array {
  const width = WIDTH[field.type];
  const bytes = Buffer.alloc(width * values.length);
  values.forEach((value, i) => {
    if (value === null) return;
    if (field.type === 'FLOAT64') bytes.writeDoubleLE(floatOf(field, value), i * width);
    else writeInteger(bytes.subarray(i * width, (i + 1) * width), integerOf(field, value), field, value);
  });
  return bytes;
}

/** The bytes of a text or of BYTES. */
export function textBytes(field: Field, value: RowValue): Uint8Array {
  if (field.type === 'BYTES') {
    if (value instanceof Uint8Array) return value;
    throw new Misfit(field, value, 'a Uint8Array');
  }
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  throw new Misfit(field, value, 'text');
}

function floatOf(field: Field, value: RowValue): number {
  if (typeof value === 'number') return value;
  throw new Misfit(field, value, 'a number');
}

/** The whole number that stands for a value: of a decimal without its point, of a date or time since its beginning. */
export function integerOf(field: Field & { readonly type: FixedWidthType }, value: RowValue): bigint {
  const integer = typeof value === 'string' ? integerOfText(field.type, value) : value;
  if (typeof integer === 'bigint') return integer;
  throw new Misfit(field, value, WANTED[field.type]);
}

const WANTED: Record<FixedWidthType, string> = {
  INT64: 'a bigint',
  FLOAT64: 'a number',
  NUMERIC: 'decimal text of at most 9 decimals',
  BIGNUMERIC: 'decimal text of at most 38 decimals',
  DATE: 'text YYYY-MM-DD',
  TIME: 'text HH:MM:SS[.ffffff]',
  DATETIME: 'text YYYY-MM-DDTHH:MM:SS[.ffffff]',
  TIMESTAMP: 'a bigint of microseconds since 1970',
};

function integerOfText(type: FixedWidthType, text: string): bigint | undefined {
  switch (type) {
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return unscaled(text, DECIMAL[type].scale);
    case 'DATE': {
      const days = parseDate(text);
      return days === undefined ? undefined : BigInt(days);
    }
    case 'TIME':
      return parseTime(text);
    case 'DATETIME':
      return parseDateTime(text);
    default:
      return undefined;
  }
}

function unscaled(text: string, scale: number): bigint | undefined {
  try {
    return parseDecimal(text, scale);
  } catch {
    return undefined;
  }
}

function writeInteger(bytes: Uint8Array, value: bigint, field: Field, given: RowValue): void {
  const bits = bytes.length * 8;
  if (BigInt.asIntN(bits, value) !== value) throw outOfRange(field, given, bits);
  let rest = value;
  for (let i = 0; i < bytes.length; i += 1, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
}

function outOfRange(field: Field, value: RowValue, bits: number): Misfit {
  return new Misfit(field, value, `a value that fits into ${bits} bits`);
}
