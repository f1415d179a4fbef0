/** What is on record of one day of a transformed copy: parts of its time, one for each window that was copied. */
import { totalsOfDay, type CopiedDays } from './day-totals.ts';
import { dayText, MICROS_PER_DAY, parseInstant, type Micros } from './instant.ts';
import type { Window } from './job.ts';
import { addTotals, onCommonColumns, type Totals } from './totals.ts';

/** The cursor values (lo, hi] of one day, with what was read of them and what was written. */
export type DayPart = {
  readonly lo: Micros;
  readonly hi: Micros;
  readonly read: Totals;
  readonly written: Totals;
};

/** A day as the window (lo, hi] of its cursor values; throws a RangeError for text that is no day. */
export function windowOfWholeDay(day: string): { readonly lo: Micros; readonly hi: Micros } {
  const first = parseInstant(`${day}T00:00:00Z`);
  if (first === undefined) throw new RangeError(`"${day}" is no day`);
  return { lo: first - 1n, hi: first + MICROS_PER_DAY - 1n };
}

/** The part of a day that lies in a window; undefined when none does. */
export function withinDay(
  day: string,
  window: Window,
): { readonly lo: Micros; readonly hi: Micros } | undefined {
  const whole = windowOfWholeDay(day);
  const lo = window.lo === undefined || window.lo < whole.lo ? whole.lo : window.lo;
  const hi = window.hi < whole.hi ? window.hi : whole.hi;
  return hi > lo ? { lo, hi } : undefined;
}

/** The first and last day a window may hold rows of; without lo there is no first. */
export function daysOfWindow({ lo, hi }: Window): { readonly first: string; readonly last: string } {
  return { first: lo === undefined ? '0001-01-01' : dayText(lo + 1n), last: dayText(hi) };
}

/**
 * The parts of a day once a window of it was copied: it takes the place of parts that lie within it. A part that it cuts in
 * two is forgotten as a whole, since nobody knows what the rest of it adds up to: the day is then not on record completely.
 */
export function withCopied(
  parts: readonly DayPart[],
  day: string,
  window: Window,
  { read, written }: CopiedDays,
): readonly DayPart[] {
  const within = withinDay(day, window);
  if (!within) return parts;
  const kept = parts.filter(({ lo, hi }) => hi <= within.lo || lo >= within.hi);
  const part = { ...within, read: totalsOfDay(read, day), written: totalsOfDay(written, day) };
  return [...kept, part].sort((a, b) => (a.lo < b.lo ? -1 : 1));
}

/** What the parts of (lo, hi] add up to; undefined unless they leave nothing of it out and nothing beyond it in. */
export function recordedWithin(
  parts: readonly DayPart[],
  { lo, hi }: { readonly lo: Micros; readonly hi: Micros },
): { readonly read: Totals; readonly written: Totals } | undefined {
  const inside = parts.filter((part) => part.hi > lo && part.lo < hi);
  const ends = [lo, ...inside.map((part) => part.hi)];
  const unbroken = inside.every((part, i) => part.lo === ends[i]) && ends.at(-1) === hi;
  return unbroken ? { read: readOf(inside), written: writtenOf(inside) } : undefined;
}

/** What was written of the day, as far as it is on record. */
export function writtenOf(parts: readonly DayPart[]): Totals {
  return addTotals(onCommonColumns(parts.map(({ written }) => written)));
}

function readOf(parts: readonly DayPart[]): Totals {
  return addTotals(onCommonColumns(parts.map(({ read }) => read)));
}
