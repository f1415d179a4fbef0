// Which invoice a row falls on: that of the month of its usage, or the next one if it came after the books closed.

const MICROS_PER_HOUR = 3_600_000_000;

/** Invoices follow Pacific time; the generator keeps to standard time all year, as no test hangs on the hour in summer. */
const PACIFIC_HOURS_BEHIND = 8;

/** Usage exported later than this after the end of its month appears on the next invoice. */
const HOURS_UNTIL_CLOSE = 12;

/** The invoice month, YYYYMM as a number, of usage that began at one instant and was exported at another. */
export function invoiceMonthOf(usageStartMicros: number, exportMicros: number): number {
  const usageMonth = monthOf(usageStartMicros - PACIFIC_HOURS_BEHIND * MICROS_PER_HOUR);
  return Math.max(usageMonth, openMonthAt(exportMicros));
}

/** The invoice month that closed last before this export, YYYYMM as a number. */
export function lastClosedMonth(exportMicros: number): number {
  const openMonth = openMonthAt(exportMicros);
  return openMonth % 100 === 1 ? openMonth - 89 : openMonth - 1;
}

/** When the last Pacific day of an invoice month begins and ends, in microseconds. */
export function lastDayOf(invoiceMonth: number): { readonly start: number; readonly end: number } {
  const year = Math.floor(invoiceMonth / 100);
  const end = Date.UTC(year, invoiceMonth % 100, 1, PACIFIC_HOURS_BEHIND) * 1000;
  return { start: end - 24 * MICROS_PER_HOUR, end };
}

function openMonthAt(exportMicros: number): number {
  return monthOf(exportMicros - (PACIFIC_HOURS_BEHIND + HOURS_UNTIL_CLOSE) * MICROS_PER_HOUR);
}

let latestHour = Number.NaN;
let latestMonth = 0;

/** Neighbouring rows nearly always ask for the same hour, and a Date for each of them would cost more than the row. */
function monthOf(micros: number): number {
  const hour = Math.floor(micros / MICROS_PER_HOUR);
  if (hour === latestHour) return latestMonth;
  const date = new Date(hour * 3_600_000);
  latestHour = hour;
  latestMonth = date.getUTCFullYear() * 100 + date.getUTCMonth() + 1;
  return latestMonth;
}
