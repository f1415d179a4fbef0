/** What two sides' totals by day say of each day: equal, grown at the source, or impossible for a source that only grows. */
import { totalsOfDay } from '../job/day-totals.ts';
import { totalRows, totalsDifference, type DayTotals, type Totals } from '../job/totals.ts';

/** One day with what the source says of it. */
export type ComparedDay = {
  readonly day: string;
  readonly source: Totals;
  readonly verdict:
    | { readonly kind: 'equal' }
    /** Rows became visible at the source after a job had passed their time. */
    | { readonly kind: 'grown'; readonly rows: number }
    /** It was copied through a module, and what that came to is not on record, or only of a part of it. */
    | { readonly kind: 'unrecorded' }
    /** Fewer rows than were copied, or as many with other sums. */
    | { readonly kind: 'contradicted'; readonly differences: readonly string[] };
};

/** Every day that either side has rows of, in order. */
export function compareDays(
  source: readonly DayTotals[],
  destination: readonly DayTotals[],
): readonly ComparedDay[] {
  const days = new Set([...source, ...destination].map(({ day }) => day));
  return [...days].sort().map((day) => {
    const [ours, theirs] = [totalsOfDay(source, day), totalsOfDay(destination, day)];
    return { day, source: ours, verdict: verdictOn(ours, theirs) };
  });
}

function verdictOn(source: Totals, destination: Totals): ComparedDay['verdict'] {
  const differences = totalsDifference(source, destination, ['at the source', 'at the destination']);
  if (differences.length === 0) return { kind: 'equal' };
  const rows = growthOf(source, destination);
  return rows === undefined ? { kind: 'contradicted', differences } : { kind: 'grown', rows };
}

/** By how many rows the source has more; undefined when it has not, or has lost some. */
export function growthOf(source: Totals, copied: Totals): number | undefined {
  const rows = totalRows(source) - totalRows(copied);
  return rows > 0 && !hasShrunk(source, copied) ? rows : undefined;
}

/** In some currency: growth in another does not make up for it. */
function hasShrunk(source: Totals, destination: Totals): boolean {
  return destination.some(({ currency, rows }) => {
    const now = source.find((entry) => entry.currency === currency)?.rows ?? 0;
    return now < rows;
  });
}
