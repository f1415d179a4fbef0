/** What each organization's rows of each source day add up to, as last proven. */
import type { Micros } from '../job/instant.ts';
import type { Totals } from '../job/totals.ts';
import { NOW } from './column-values.ts';
import type { Database, Session } from './database.ts';
import { LedgerRow } from './entities/ledger-row.ts';
import { insertRows } from './insert-rows.ts';

/** What one source day adds up to. */
export type NewLedgerEntry = {
  readonly organizationId: string;
  /** Day of the cursor at the source, UTC: `2026-01-31`. */
  readonly sourceDay: string;
  readonly rows: number;
  readonly totals: Totals;
  readonly fingerprint?: string | undefined;
};
/** A day and when it was last proven. */
export type LedgerEntry = NewLedgerEntry & { readonly verifiedAt: Micros };

/** Every method is one transaction, or changes nothing. */
export type LedgerStore = {
  /** Records the entries as verified now, in place of what was known of their days. */
  upsert(entries: readonly NewLedgerEntry[]): Promise<void>;
  /** From and to are days, both included; by day. */
  list(organizationId: string, fromDay: string, toDay: string): Promise<LedgerEntry[]>;
  /** The same of several organizations. */
  listMany(organizationIds: readonly string[], fromDay: string, toDay: string): Promise<LedgerEntry[]>;
};

const ROWS_PER_STATEMENT = 200;

/** The ledger of a database. */
export function createLedgerStore(database: Database): LedgerStore {
  return {
    upsert: (entries) =>
      database.transaction(async (session) => {
        for (let at = 0; at < entries.length; at += ROWS_PER_STATEMENT)
          await upsert(session, entries.slice(at, at + ROWS_PER_STATEMENT));
      }),
    list: (organizationId, fromDay, toDay) => list(database, [organizationId], fromDay, toDay),
    listMany: (organizationIds, fromDay, toDay) => list(database, organizationIds, fromDay, toDay),
  };
}

async function list(
  database: Database,
  organizationIds: readonly string[],
  fromDay: string,
  toDay: string,
): Promise<LedgerEntry[]> {
  if (organizationIds.length === 0) return [];
  return database.read(async ({ manager }) => {
    const rows = await manager
      .createQueryBuilder(LedgerRow, 'entry')
      .where('entry.organizationId IN (:...organizationIds)', { organizationIds })
      .andWhere('entry.sourceDay BETWEEN :fromDay AND :toDay', { fromDay, toDay })
      .orderBy('entry.sourceDay')
      .getMany();
    return rows.map(ledgerEntry);
  });
}

async function upsert(session: Session, entries: readonly NewLedgerEntry[]): Promise<void> {
  const rows = entries.map(({ organizationId, sourceDay, rows, totals, fingerprint }) => ({
    organizationId,
    sourceDay,
    rowCount: rows,
    totals: JSON.stringify(totals),
    fingerprint: fingerprint ?? null,
    verifiedAt: NOW,
  }));
  await insertRows(session, LedgerRow, rows, {
    key: ['organizationId', 'sourceDay'],
    overwrite: ['rowCount', 'totals', 'fingerprint', 'verifiedAt'],
  });
}

function ledgerEntry(row: LedgerRow): LedgerEntry {
  return {
    organizationId: row.organizationId,
    sourceDay: row.sourceDay,
    rows: row.rowCount,
    totals: JSON.parse(row.totals) as Totals,
    fingerprint: row.fingerprint ?? undefined,
    verifiedAt: row.verifiedAt,
  };
}
