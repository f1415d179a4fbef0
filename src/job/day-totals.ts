/** Totals by day of the cursor: what a job read of each day, and what it wrote. */
import type { DayTotals, Totals } from './totals.ts';
import { addTotals } from './totals.ts';

/** What a transform was given and what it made of it, by day of either side's cursor. */
export type CopiedDays = { readonly read: readonly DayTotals[]; readonly written: readonly DayTotals[] };

/** Adds totals by day of disjoint sets of rows; by day. */
export function addDays(parts: Iterable<readonly DayTotals[]>): readonly DayTotals[] {
  const byDay = new Map<string, Totals[]>();
  for (const part of parts)
    for (const { day, totals } of part) {
      const sofar = byDay.get(day);
      if (sofar) sofar.push(totals);
      else byDay.set(day, [totals]);
    }
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, ofDay]) => ({ day, totals: addTotals(ofDay) }));
}

/** Both sides of several sets. */
export function addCopiedDays(parts: readonly CopiedDays[]): CopiedDays {
  return {
    read: addDays(parts.map(({ read }) => read)),
    written: addDays(parts.map(({ written }) => written)),
  };
}

/** The totals of one day; empty when it has no rows. */
export function totalsOfDay(days: readonly DayTotals[], day: string): Totals {
  return days.find((entry) => entry.day === day)?.totals ?? [];
}

/** The totals of all days. */
export function totalsOfDays(days: readonly DayTotals[]): Totals {
  return addTotals(days.map(({ totals }) => totals));
}
