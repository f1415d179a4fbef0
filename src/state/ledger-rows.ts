/** Entries of the ledger as rows: how they are kept, and read again. */
import type { DayPart } from '../job/day-parts.ts';
import { formatInstant, parseInstant, type Micros } from '../job/instant.ts';
import type { Totals } from '../job/totals.ts';
import { NOW } from './column-values.ts';
import type { Session } from './database.ts';
import { LedgerRow } from './entities/ledger-row.ts';
import { insertRows } from './insert-rows.ts';

/** What one source day adds up to at the destination. */
export type NewLedgerEntry = {
  readonly organizationId: string;
  /** Day of the cursor at the source, UTC: `2026-01-31`. */
  readonly sourceDay: string;
  readonly rows: number;
  readonly totals: Totals;
  readonly fingerprint?: string | undefined;
  /** What was read and written window by window, where a module made the rows; the totals are those written. */
  readonly parts?: readonly DayPart[] | undefined;
};
/** A day and when it was last proven. */
export type LedgerEntry = NewLedgerEntry & { readonly verifiedAt: Micros };

type StoredPart = Omit<DayPart, 'lo' | 'hi'> & { readonly lo: string; readonly hi: string };

const ROWS_PER_STATEMENT = 200;

/** Records the entries as verified now, in place of what was known of their days. */
export async function writeLedger(session: Session, entries: readonly NewLedgerEntry[]): Promise<void> {
  for (let at = 0; at < entries.length; at += ROWS_PER_STATEMENT)
    await insertRows(session, LedgerRow, entries.slice(at, at + ROWS_PER_STATEMENT).map(rowOf), {
      key: ['organizationId', 'sourceDay'],
      overwrite: ['rowCount', 'totals', 'fingerprint', 'parts', 'verifiedAt'],
    });
}

/** The entry that a row keeps. */
export function ledgerEntry(row: LedgerRow): LedgerEntry {
  return {
    organizationId: row.organizationId,
    sourceDay: row.sourceDay,
    rows: row.rowCount,
    totals: JSON.parse(row.totals) as Totals,
    fingerprint: row.fingerprint ?? undefined,
    parts: row.parts === null ? undefined : (JSON.parse(row.parts) as StoredPart[]).map(restorePart),
    verifiedAt: row.verifiedAt,
  };
}

function rowOf({ organizationId, sourceDay, rows, totals, fingerprint, parts }: NewLedgerEntry) {
  return {
    organizationId,
    sourceDay,
    rowCount: rows,
    totals: JSON.stringify(totals),
    fingerprint: fingerprint ?? null,
    parts: parts ? JSON.stringify(parts.map(storePart)) : null,
    verifiedAt: NOW,
  };
}

function storePart(part: DayPart): StoredPart {
  return { ...part, lo: formatInstant(part.lo), hi: formatInstant(part.hi) };
}

function restorePart({ lo, hi, ...sums }: StoredPart): DayPart {
  return { ...sums, lo: instantOf(lo), hi: instantOf(hi) };
}

function instantOf(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined)
    throw new RangeError(`the ledger holds "${text}" where an RFC 3339 instant belongs`);
  return instant;
}
