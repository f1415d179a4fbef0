/** Which whole days a verify job looks at: those it was asked for or the last few, never beyond the watermark. */
import { windowOfWholeDay } from '../job/day-parts.ts';
import { formatInstant, MICROS_PER_DAY, type Micros } from '../job/instant.ts';
import type { JobRequest, Window } from '../job/job.ts';

/** Late rows have been seen a day and a half behind; corrections come until a month is closed. */
const USUAL_DAYS = 3n;
const MONTH_CLOSE_DAYS = 35n;
const LAST_DAY_OF_MONTH_CLOSE = 10;

/** The days as a window; undefined when none of them has been copied. */
export function verifiedDays(
  requested: JobRequest['window'],
  watermark: Micros | undefined,
): Window | undefined {
  if (watermark === undefined) return undefined;
  const first = requested ? startOfDay(requested.start + 1n) : startOfDay(watermark) - daysBack(watermark);
  const end = requested ? startOfDay(requested.end) + MICROS_PER_DAY - 1n : watermark;
  // Half-open below, so that the first midnight itself is in.
  const window = { lo: first - 1n, hi: end < watermark ? end : watermark };
  return window.hi > window.lo ? window : undefined;
}

/** The window of one day, as far as it has been copied. */
export function windowOfDay(
  day: string,
  watermark: Micros,
): { readonly start: Micros; readonly end: Micros } {
  const { lo, hi } = windowOfWholeDay(day);
  return { start: lo, end: hi < watermark ? hi : watermark };
}

function daysBack(watermark: Micros): bigint {
  const dayOfMonth = Number(formatInstant(watermark).slice(8, 10));
  const days = dayOfMonth <= LAST_DAY_OF_MONTH_CLOSE ? MONTH_CLOSE_DAYS : USUAL_DAYS;
  return (days - 1n) * MICROS_PER_DAY;
}

function startOfDay(instant: Micros): Micros {
  const past = ((instant % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;
  return instant - past;
}
