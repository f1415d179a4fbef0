/** Alerts on their way out: recorded in the transaction that caused them, claimed by one sender, sent at least once. */
import { In, MoreThan, type EntityManager } from 'typeorm';
import type { Micros } from '../job/instant.ts';
import type { JobKey } from '../job/job.ts';
import type { Reason } from '../job/reason.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { AlertRow } from './entities/alert-row.ts';
import { insertRows } from './insert-rows.ts';
import { later } from './transitions/locked-job.ts';

/** More than one kind and key can fill within the time that folds them. */
const ROWS_AT_ONCE = 1_000;

/** What there can be an alert about. Source: spec.md §7, alerts. */
export type AlertKind =
  'failed' | 'crash_loop' | 'needs_operator' | 'commit_retrying' | 'stale_organization' | 'ledger_mismatch';

/** What happened and to whom; the job is missing where it concerns the organization as a whole. */
export type NewAlert = {
  readonly kind: AlertKind;
  readonly key: { readonly organizationId: string; readonly jobId?: string | undefined } | JobKey | undefined;
  readonly reason?: Reason | undefined;
  readonly message: string;
};

/** An alert handed to a sender, with those it repeats. */
export type AlertRecord = {
  /** The row of the alert and of every earlier one that is sent with it. */
  readonly ids: readonly number[];
  readonly kind: AlertKind;
  readonly organizationId: string | undefined;
  readonly jobId: string | undefined;
  readonly reason: Reason | undefined;
  /** That of the newest. */
  readonly message: string;
  readonly createdAt: Micros;
  /** How often it was handed to a sender, this time included. */
  readonly attempts: number;
};

/** The outbox of alerts. */
export type AlertStore = {
  record(alert: NewAlert): Promise<void>;
  /** Records the alert unless one of its kind and key was recorded within the time; says whether it did. */
  recordUnlessWithin(withinMs: number, alert: NewAlert): Promise<boolean>;
  /**
   * Unsent alerts, the oldest first; nobody else gets them for holdMs. Those of one kind and key come as one, and only
   * when foldMs have passed since such a one was sent.
   */
  claimUnsent(limit: number, holdMs: number, foldMs?: number): Promise<AlertRecord[]>;
  markSent(alert: Pick<AlertRecord, 'ids'>): Promise<void>;
  /** Hands the alert out again after this time, by the database's clock. */
  retryLater(alert: Pick<AlertRecord, 'ids'>, delayMs: number): Promise<void>;
};

/** The alert store of a database. */
export function createAlertStore(database: Database): AlertStore {
  const update = (ids: readonly number[], change: (now: Micros) => Partial<AlertRow>): Promise<void> =>
    database.transaction(async (session) => {
      await session.manager.update(AlertRow, { id: In([...ids]) }, change(await databaseNow(session)));
    });
  return {
    record: (alert) =>
      database.transaction(async (session) => recordAlert(session, alert, await databaseNow(session))),
    recordUnlessWithin: (withinMs, alert) =>
      database.transaction(async (session) => {
        const now = await databaseNow(session);
        const [last] = await lastOf(session.manager, alert, 'createdAt', later(now, -withinMs));
        if (last) return false;
        await recordAlert(session, alert, now);
        return true;
      }),
    claimUnsent: (limit, holdMs, foldMs = 0) =>
      database.transaction((session) => claimUnsent(session, limit, holdMs, foldMs)),
    markSent: ({ ids }) => update(ids, (now) => ({ sentAt: now })),
    retryLater: ({ ids }, delayMs) => update(ids, (now) => ({ nextAttemptAt: later(now, delayMs) })),
  };
}

/** Records an alert as part of somebody's transaction. */
export async function recordAlert(session: Session, alert: NewAlert, now: Micros): Promise<void> {
  await insertRows(session, AlertRow, {
    kind: alert.kind,
    organizationId: alert.key?.organizationId ?? null,
    jobId: alert.key?.jobId ?? null,
    reason: alert.reason ?? null,
    message: alert.message,
    createdAt: now,
    nextAttemptAt: now,
    attempts: 0,
    sentAt: null,
  });
}

async function claimUnsent(
  session: Session,
  limit: number,
  holdMs: number,
  foldMs: number,
): Promise<AlertRecord[]> {
  const { manager, dialect } = session;
  const query = manager
    .createQueryBuilder(AlertRow, 'alert')
    .where(`alert.sentAt IS NULL AND alert.nextAttemptAt <= ${dialect.now}`)
    .orderBy('alert.id')
    .limit(ROWS_AT_ONCE);
  const rows = await dialect.locking(query).getMany();
  const now = await databaseNow(session);
  const claimed: AlertRecord[] = [];
  for (const alike of groupedAlike(rows)) {
    if (claimed.length === limit) break;
    const record = alertRecord(alike);
    const { attempts } = record;
    const of = { kind: record.kind, key: keyOf(alike[0] as AlertRow) };
    const [sent] = await lastOf(manager, of, 'sentAt', later(now, -foldMs));
    const nextAttemptAt = sent?.sentAt ? later(sent.sentAt, foldMs) : later(now, holdMs);
    const held = sent ? { nextAttemptAt } : { nextAttemptAt, attempts };
    await manager.update(AlertRow, { id: In([...record.ids]) }, held);
    if (!sent) claimed.push(record);
  }
  return claimed;
}

/** The newest alert of this kind and key that has the time later than this, if there is one. */
function lastOf(
  manager: EntityManager,
  { kind, key }: Pick<NewAlert, 'kind' | 'key'>,
  column: 'createdAt' | 'sentAt',
  after: Micros,
): Promise<AlertRow[]> {
  const query = manager.createQueryBuilder(AlertRow, 'alert').where({ kind, [column]: MoreThan(after) });
  for (const name of ['organizationId', 'jobId'] as const) {
    const value = key?.[name];
    if (value === undefined) query.andWhere(`alert.${name} IS NULL`);
    else query.andWhere(`alert.${name} = :${name}`, { [name]: value });
  }
  return query.orderBy(`alert.${column}`, 'DESC').limit(1).getMany();
}

function keyOf({ organizationId, jobId }: AlertRow): NewAlert['key'] {
  return organizationId === null ? undefined : { organizationId, jobId: jobId ?? undefined };
}

/** Those of one kind and key together, in the order they came in. */
function groupedAlike(rows: readonly AlertRow[]): AlertRow[][] {
  const groups = new Map<string, AlertRow[]>();
  for (const row of rows) {
    const likeness = JSON.stringify([row.kind, row.organizationId, row.jobId]);
    groups.set(likeness, [...(groups.get(likeness) ?? []), row]);
  }
  return [...groups.values()];
}

function alertRecord(alike: readonly AlertRow[]): AlertRecord {
  const newest = alike.at(-1) as AlertRow;
  return {
    ids: alike.map(({ id }) => id),
    kind: newest.kind as AlertKind,
    organizationId: newest.organizationId ?? undefined,
    jobId: newest.jobId ?? undefined,
    reason: (newest.reason as Reason | null) ?? undefined,
    message: newest.message,
    createdAt: newest.createdAt,
    attempts: 1 + Math.max(...alike.map(({ attempts }) => attempts)),
  };
}
