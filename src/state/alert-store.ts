/** Alerts on their way out: recorded in the transaction that caused them, claimed by one sender, sent at least once. */
import type { Micros } from '../job/instant.ts';
import type { JobKey } from '../job/job.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { AlertRow } from './entities/alert-row.ts';
import { insertRows } from './insert-rows.ts';
import { later } from './transitions/locked-job.ts';

/** What there can be an alert about. Source: spec.md §7, alerts. */
export type AlertKind =
  'failed' | 'crash_loop' | 'needs_operator' | 'commit_retrying' | 'stale_organization' | 'ledger_mismatch';

/** What happened and to whom; the job is missing where it concerns the organization as a whole. */
export type NewAlert = {
  readonly kind: AlertKind;
  readonly key: { readonly organizationId: string; readonly jobId?: string | undefined } | JobKey | undefined;
  readonly message: string;
};

/** An alert handed to a sender. */
export type AlertRecord = {
  readonly id: number;
  readonly kind: AlertKind;
  readonly organizationId: string | undefined;
  readonly jobId: string | undefined;
  readonly message: string;
  readonly createdAt: Micros;
  /** How often it was handed to a sender, this time included. */
  readonly attempts: number;
};

/** The outbox of alerts. */
export type AlertStore = {
  record(alert: NewAlert): Promise<void>;
  /** Unsent alerts, the oldest first; nobody else gets them for holdMs. */
  claimUnsent(limit: number, holdMs: number): Promise<AlertRecord[]>;
  markSent(id: number): Promise<void>;
};

/** The alert store of a database. */
export function createAlertStore(database: Database): AlertStore {
  return {
    record: (alert) =>
      database.transaction(async (session) => recordAlert(session, alert, await databaseNow(session))),
    claimUnsent: (limit, holdMs) => database.transaction((session) => claimUnsent(session, limit, holdMs)),
    markSent: (id) =>
      database.transaction(async (session) => {
        await session.manager.update(AlertRow, { id }, { sentAt: await databaseNow(session) });
      }),
  };
}

/** Records an alert as part of somebody's transaction. */
export async function recordAlert(session: Session, alert: NewAlert, now: Micros): Promise<void> {
  await insertRows(session, AlertRow, {
    kind: alert.kind,
    organizationId: alert.key?.organizationId ?? null,
    jobId: alert.key?.jobId ?? null,
    message: alert.message,
    createdAt: now,
    nextAttemptAt: now,
    attempts: 0,
    sentAt: null,
  });
}

async function claimUnsent(session: Session, limit: number, holdMs: number): Promise<AlertRecord[]> {
  const { manager, dialect } = session;
  const query = manager
    .createQueryBuilder(AlertRow, 'alert')
    .where(`alert.sentAt IS NULL AND alert.nextAttemptAt <= ${dialect.now}`)
    .orderBy('alert.id')
    .limit(limit);
  const rows = await dialect.locking(query).getMany();
  const now = await databaseNow(session);
  for (const row of rows) {
    row.attempts += 1;
    const held = { nextAttemptAt: later(now, holdMs), attempts: row.attempts };
    await manager.update(AlertRow, { id: row.id }, held);
  }
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind as AlertKind,
    organizationId: row.organizationId ?? undefined,
    jobId: row.jobId ?? undefined,
    message: row.message,
    createdAt: row.createdAt,
    attempts: row.attempts,
  }));
}
