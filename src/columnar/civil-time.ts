/** Dates and times of day without a zone, as SQL writes them, in the numbers that Arrow carries. */
import { dayText, formatInstant, MICROS_PER_SECOND, parseInstant, type Micros } from '../job/instant.ts';
import type { Field } from '../job/table-schema.ts';
import type { RowValue } from './row-value.ts';

const SECONDS_PER_DAY = 86_400n;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;

/** Days since 1970-01-01 of `YYYY-MM-DD`; undefined when it names no real date. */
export function parseDate(text: string): number | undefined {
  const midnight = DATE.test(text) ? parseInstant(`${text}T00:00:00Z`) : undefined;
  return midnight === undefined ? undefined : Number(midnight / MICROS_PER_SECOND / SECONDS_PER_DAY);
}

/** Microseconds since midnight of `HH:MM:SS[.ffffff]`; undefined when it is no time of day. */
export function parseTime(text: string): Micros | undefined {
  return TIME.test(text) ? parseInstant(`1970-01-01T${text}Z`) : undefined;
}

/** Microseconds since 1970 of `YYYY-MM-DD[T ]HH:MM:SS[.ffffff]`, as if it were UTC; undefined when it is none. */
export function parseDateTime(text: string): Micros | undefined {
  return /(?:[Zz]|[+-]\d\d:\d\d)$/.test(text.slice(10))
    ? undefined
    : parseInstant(`${text.replace(' ', 'T')}Z`);
}

/** The instant that a cursor value stands for: a date is its midnight, and what has no zone is in UTC; undefined for NULL. */
export function instantOf({ type }: Field, value: RowValue): Micros | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string') return undefined;
  if (type === 'DATETIME') return parseDateTime(value);
  const days = parseDate(value);
  return days === undefined ? undefined : BigInt(days) * SECONDS_PER_DAY * MICROS_PER_SECOND;
}

/** `YYYY-MM-DD` of days since 1970-01-01. */
export function formatDate(days: number): string {
  return dayText(BigInt(days) * SECONDS_PER_DAY * MICROS_PER_SECOND);
}

/** `HH:MM:SS[.ffffff]` of microseconds since midnight, without trailing zeros. */
export function formatTime(micros: Micros): string {
  return formatDateTime(micros).slice(11);
}

/** `YYYY-MM-DDTHH:MM:SS[.ffffff]` of microseconds since 1970, without trailing zeros. */
export function formatDateTime(micros: Micros): string {
  return formatInstant(micros).replace(/\.?0*Z$/, '');
}
