/** What each organization's rows of each source day add up to, as last proven. */
import type { Lease } from '../job/job.ts';
import { NOW } from './column-values.ts';
import type { Database, Session } from './database.ts';
import { LedgerRow } from './entities/ledger-row.ts';
import { ledgerEntry, writeLedger, type LedgerEntry, type NewLedgerEntry } from './ledger-rows.ts';
import { updateRows } from './row-statements.ts';
import { lockOwnJob } from './transitions/locked-job.ts';

export type { LedgerEntry } from './ledger-rows.ts';

/** A day of the organization whose job proved it. */
export type ProvenDay = Omit<NewLedgerEntry, 'organizationId'>;

/** Every method is one transaction, or changes nothing. What is written is conditional on the lease: it rejects with LeaseLostError once the job changed hands. */
export type LedgerStore = {
  /** Records the days as verified now, in place of what was known of them. */
  upsert(lease: Lease, days: readonly ProvenDay[]): Promise<void>;
  /** Says of days on record that they were proven now. */
  confirm(lease: Lease, days: readonly string[]): Promise<void>;
  /** From and to are days, both included; by day. */
  list(organizationId: string, fromDay: string, toDay: string): Promise<LedgerEntry[]>;
  /** The same of several organizations. */
  listMany(organizationIds: readonly string[], fromDay: string, toDay: string): Promise<LedgerEntry[]>;
};

/** The ledger of a database. */
export function createLedgerStore(database: Database): LedgerStore {
  return {
    upsert: (lease, days) =>
      database.transaction(async (session) => {
        await lockOwnJob(session, lease);
        const { organizationId } = lease;
        await writeLedger(
          session,
          days.map((day) => ({ ...day, organizationId })),
        );
      }),
    confirm: (lease, days) =>
      database.transaction(async (session) => {
        await lockOwnJob(session, lease);
        await confirm(session, lease.organizationId, days);
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

async function confirm(session: Session, organizationId: string, days: readonly string[]): Promise<void> {
  if (days.length === 0) return;
  const condition = `{organizationId} = ? AND {sourceDay} IN (${days.map(() => '?').join(', ')})`;
  await updateRows(session, LedgerRow, { verifiedAt: NOW }, condition, [organizationId, ...days]);
}
