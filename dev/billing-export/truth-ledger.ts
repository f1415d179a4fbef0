// What a generated export adds up to, kept exactly while it is generated: the oracle of tests, demo and benchmarks.
import { exactMoney } from './exact-money.ts';
import type { Line } from './line.ts';

/** Rows and exact sums; money in units of 10^-15 of the currency (see formatMoney). */
export interface TruthTotals {
  readonly rows: number;
  readonly cost: bigint;
  readonly credits: bigint;
}

/** The totals of one export_time (microseconds since 1970), invoice month (YYYYMM) and currency. */
export interface TruthEntry extends TruthTotals {
  readonly exportTime: bigint;
  readonly invoiceMonth: string;
  readonly currency: string;
}

/** A half-open range (lo, hi] of export_time in microseconds; an open end is left out. */
export interface ExportWindow {
  readonly lo?: bigint;
  readonly hi?: bigint;
}

interface RunningTotals {
  rows: number;
  cost: bigint;
  credits: bigint;
}

interface RunningEntry extends RunningTotals {
  readonly exportTime: bigint;
  readonly invoiceMonth: string;
  readonly currency: string;
}

const MICROS_PER_DAY = 86_400_000_000n;

/** The exact totals of every row handed to it, by export_time, invoice month and currency. */
export class TruthLedger {
  readonly #entries = new Map<string, RunningEntry>();

  /** Counts one row; each of its credits is rounded by itself. */
  add(line: Line): void {
    const entry = this.#entry(line.exportMicros, line.invoiceMonth, line.account.currency.code);
    entry.rows++;
    entry.cost += exactMoney(line.cost);
    for (const credit of line.credits) entry.credits += exactMoney(credit.amount);
  }

  /** Counts everything that another ledger has counted. */
  addAll(other: TruthLedger): void {
    for (const entry of other.entries()) {
      addTo(this.#entry(Number(entry.exportTime), Number(entry.invoiceMonth), entry.currency), entry);
    }
  }

  /** The finest totals, in order of first appearance. */
  entries(window: ExportWindow = {}): TruthEntry[] {
    return [...this.#entries.values()].filter(
      ({ exportTime }) =>
        (window.lo === undefined || exportTime > window.lo) &&
        (window.hi === undefined || exportTime <= window.hi),
    );
  }

  /** The number of rows in the window. */
  rows(window: ExportWindow = {}): number {
    return this.entries(window).reduce((sum, entry) => sum + entry.rows, 0);
  }

  /** The totals of the window per currency. */
  byCurrency(window: ExportWindow = {}): Map<string, TruthTotals> {
    return grouped(this.entries(window), (entry) => entry.currency);
  }

  /** The totals of the window per UTC day of export_time and currency, keyed `YYYY-MM-DD CUR`. */
  byExportDay(window: ExportWindow = {}): Map<string, TruthTotals> {
    return grouped(this.entries(window), (entry) => `${utcDay(entry.exportTime)} ${entry.currency}`);
  }

  /** The totals of the window per invoice month and currency, keyed `YYYYMM CUR`. */
  byInvoiceMonth(window: ExportWindow = {}): Map<string, TruthTotals> {
    return grouped(this.entries(window), (entry) => `${entry.invoiceMonth} ${entry.currency}`);
  }

  /** The greatest export_time counted, or undefined while there is none. */
  lastExportTime(): bigint | undefined {
    return this.entries().reduce<bigint | undefined>(
      (last, { exportTime }) => (last === undefined || exportTime > last ? exportTime : last),
      undefined,
    );
  }

  #entry(exportMicros: number, invoiceMonth: number, currency: string): RunningEntry {
    const key = `${exportMicros}/${invoiceMonth}/${currency}`;
    const found = this.#entries.get(key);
    if (found !== undefined) return found;
    const exportTime = BigInt(exportMicros);
    const entry = {
      exportTime,
      invoiceMonth: String(invoiceMonth),
      currency,
      rows: 0,
      cost: 0n,
      credits: 0n,
    };
    this.#entries.set(key, entry);
    return entry;
  }
}

function grouped(
  entries: readonly TruthEntry[],
  keyOf: (entry: TruthEntry) => string,
): Map<string, TruthTotals> {
  const groups = new Map<string, RunningTotals>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const group = groups.get(key) ?? { rows: 0, cost: 0n, credits: 0n };
    addTo(group, entry);
    groups.set(key, group);
  }
  return groups;
}

function addTo(totals: RunningTotals, more: TruthTotals): void {
  totals.rows += more.rows;
  totals.cost += more.cost;
  totals.credits += more.credits;
}

function utcDay(exportTime: bigint): string {
  const day = exportTime - (exportTime % MICROS_PER_DAY);
  return new Date(Number(day / 1000n)).toISOString().slice(0, 10);
}
