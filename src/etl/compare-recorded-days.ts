/** What the ledger says of each day against both sides as they are now, for rows that a module made. */
import { recordedWithin, withinDay, type DayPart } from '../job/day-parts.ts';
import { totalsOfDay } from '../job/day-totals.ts';
import type { Window } from '../job/job.ts';
import { onCommonColumns, totalsDifference, type DayTotals, type Totals } from '../job/totals.ts';
import { growthOf, type ComparedDay } from './compare-days.ts';

/** A day on record. */
export type RecordedDay = { readonly sourceDay: string; readonly parts?: readonly DayPart[] | undefined };

/** Every day of the window that either side has rows of or the ledger knows, in order. */
export function compareRecordedDays(
  window: Window,
  recorded: readonly RecordedDay[],
  source: readonly DayTotals[],
  destination: readonly DayTotals[],
): readonly ComparedDay[] {
  const onRecord = recorded.filter(({ parts }) => parts).map(({ sourceDay }) => sourceDay);
  const days = new Set([...onRecord, ...[...source, ...destination].map(({ day }) => day)]);
  return [...days].sort().flatMap((day) => {
    const within = withinDay(day, window);
    if (!within) return [];
    const parts = recorded.find(({ sourceDay }) => sourceDay === day)?.parts ?? [];
    const [there, copied] = [totalsOfDay(source, day), totalsOfDay(destination, day)];
    return { day, source: there, verdict: verdictOn(recordedWithin(parts, within), there, copied) };
  });
}

function verdictOn(
  recorded: ReturnType<typeof recordedWithin>,
  source: Totals,
  destination: Totals,
): ComparedDay['verdict'] {
  if (!recorded) return { kind: source.length + destination.length === 0 ? 'equal' : 'unrecorded' };
  const read = differences(source, recorded.read, ['at the source', 'when it was read']);
  const growth = growthOf(source, recorded.read);
  if (read.length > 0 && growth !== undefined) return { kind: 'grown', rows: growth };
  const written = differences(recorded.written, destination, ['when it was written', 'at the destination']);
  if (read.length + written.length === 0) return { kind: 'equal' };
  return { kind: 'contradicted', differences: [...read, ...written] };
}

/** In the sums that both have: others may have been asked for when the day was copied. */
function differences(left: Totals, right: Totals, names: readonly [string, string]): string[] {
  const [a = [], b = []] = onCommonColumns([left, right]);
  return totalsDifference(a, b, names);
}
