/** Arrow's types: how their values lie in memory, and what those mean that are computed with. */
import type { FlatTable } from './flat-table.ts';

/**
 * `fixed`: values of `bytes` each · `bits`: one bit each · `variable`: offsets of `bytes` each into a run of bytes ·
 * `list`: offsets of `bytes` each into its item · `struct`: nothing but its children · `null`: nothing at all.
 */
export type Layout = {
  readonly kind: 'fixed' | 'bits' | 'variable' | 'list' | 'struct' | 'null';
  readonly bytes: number;
};

/** `other` is only ever copied. */
export type Meaning =
  | { readonly kind: 'float64' | 'int64' | 'utf8' | 'date32' | 'other' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'timestamp'; readonly unit: number };

/** One type of the Type union. */
export type ArrowType = { readonly layout: Layout; readonly meaning: Meaning };

/** Numbers of the Type union. Source: Arrow's format/Schema.fbs. */
export const TYPE = {
  null: 1,
  int: 2,
  floatingPoint: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  fixedSizeBinary: 15,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
} as const;

/** The TimeUnit enumeration, the same file. */
export const MICROSECOND = 2;

const OTHER: Meaning = { kind: 'other' };
const UTF8: Meaning = { kind: 'utf8' };

/** What a type of the Type union is, or undefined when it is none that can be copied. */
export function arrowType(number: number, type: FlatTable): ArrowType | undefined {
  switch (number) {
    case TYPE.null:
      return { layout: { kind: 'null', bytes: 0 }, meaning: OTHER };
    case TYPE.bool:
      return { layout: { kind: 'bits', bytes: 0 }, meaning: OTHER };
    case TYPE.struct:
      return { layout: { kind: 'struct', bytes: 0 }, meaning: OTHER };
    case TYPE.list:
      return { layout: { kind: 'list', bytes: 4 }, meaning: OTHER };
    case TYPE.largeList:
      return { layout: { kind: 'list', bytes: 8 }, meaning: OTHER };
    case TYPE.utf8:
      return { layout: { kind: 'variable', bytes: 4 }, meaning: UTF8 };
    case TYPE.largeUtf8:
      return { layout: { kind: 'variable', bytes: 8 }, meaning: UTF8 };
    case TYPE.binary:
      return { layout: { kind: 'variable', bytes: 4 }, meaning: OTHER };
    case TYPE.largeBinary:
      return { layout: { kind: 'variable', bytes: 8 }, meaning: OTHER };
    default:
      return fixedWidthType(number, type);
  }
}

function fixedWidthType(number: number, type: FlatTable): ArrowType | undefined {
  switch (number) {
    case TYPE.int: {
      const bits = type.int32(0);
      return fixed(bits / 8, bits === 64 && type.uint8(1) === 1 ? { kind: 'int64' } : OTHER);
    }
    case TYPE.floatingPoint: {
      const bytes = 2 << type.int16(0);
      return fixed(bytes, bytes === 8 ? { kind: 'float64' } : OTHER);
    }
    case TYPE.decimal:
      return fixed(type.int32(2, 128) / 8, { kind: 'decimal', scale: type.int32(1) });
    case TYPE.date:
      // Unit 0 is days in 4 bytes, unit 1, the default, milliseconds in 8.
      return type.int16(0, 1) === 0 ? fixed(4, { kind: 'date32' }) : fixed(8, OTHER);
    case TYPE.time:
      return fixed(type.int32(1, 32) / 8, OTHER);
    case TYPE.timestamp:
      return fixed(8, { kind: 'timestamp', unit: type.int16(0) });
    case TYPE.interval:
      // Months in 4 bytes, days and milliseconds in 8, or months, days and nanoseconds in 16.
      return fixed(4 << type.int16(0), OTHER);
    case TYPE.duration:
      return fixed(8, OTHER);
    case TYPE.fixedSizeBinary:
      return fixed(type.int32(0), OTHER);
    default:
      return undefined;
  }
}

function fixed(bytes: number, meaning: Meaning): ArrowType {
  return { layout: { kind: 'fixed', bytes }, meaning };
}
