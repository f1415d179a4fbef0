// When the export appends: several times an hour, always later than before, each time with a share of the rows.
import type { Random } from './random.ts';

/** One append of the export; all of its rows carry its export_time. */
export interface ExportAppend {
  /** Microseconds since 1970. */
  readonly exportMicros: number;
  readonly rows: number;
}

/** What the schedule has to spread, and over which time. */
export interface ExportSpan {
  readonly rows: number;
  readonly firstExportMicros: number;
  /** The export_time of the last append; left out, appends follow each other at their natural distance. */
  readonly lastExportMicros?: number | undefined;
}

const MICROS_PER_MINUTE = 60_000_000;
const MINUTES_BETWEEN_APPENDS = 15;
const ROWS_PER_APPEND = 500;
const LEAST_ROWS_PER_APPEND = 4;

/** The appends of a span in order; their rows add up to the span's, and none is empty. */
export function exportSchedule(span: ExportSpan, random: Random): ExportAppend[] {
  const count = appendCount(span);
  const gaps = shares(count - 1, random);
  const step = MINUTES_BETWEEN_APPENDS * MICROS_PER_MINUTE;
  const length =
    (span.lastExportMicros ?? span.firstExportMicros + step * (count - 1)) - span.firstExportMicros;
  const rowsUpTo = shares(count, random).map((share) => Math.round(share * span.rows));
  return rowsUpTo.map((upTo, i) => ({
    exportMicros: span.firstExportMicros + Math.floor((i === 0 ? 0 : (gaps[i - 1] as number)) * length),
    rows: upTo - (i === 0 ? 0 : (rowsUpTo[i - 1] as number)),
  }));
}

function appendCount({ rows, firstExportMicros, lastExportMicros }: ExportSpan): number {
  const most = Math.max(1, Math.floor(rows / LEAST_ROWS_PER_APPEND));
  if (lastExportMicros === undefined) return Math.min(most, Math.max(8, Math.ceil(rows / ROWS_PER_APPEND)));
  if (lastExportMicros < firstExportMicros) {
    throw new Error(
      `The last export time ${lastExportMicros} µs is before the first, ${firstExportMicros} µs.`,
    );
  }
  const minutes = (lastExportMicros - firstExportMicros) / MICROS_PER_MINUTE;
  return Math.min(most, 1 + Math.ceil(minutes / MINUTES_BETWEEN_APPENDS));
}

/** So many increasing fractions, the last of them exactly 1, at uneven distances of half to one and a half parts. */
function shares(count: number, random: Random): number[] {
  let sum = 0;
  const sums = Array.from({ length: count }, () => (sum += 0.5 + random.fraction()));
  return sums.map((partial) => partial / sum);
}
