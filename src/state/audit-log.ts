/** Who did what through the CLI or the page, with before and after. */
import type { Micros } from '../job/instant.ts';
import { NOW } from './column-values.ts';
import type { Database } from './database.ts';
import { AuditRow } from './entities/audit-row.ts';
import { insertRows } from './insert-rows.ts';
import type { JsonValue } from './json.ts';

/** An act of a person. */
export type NewAuditEntry = {
  readonly actor: string;
  /** The verb: replay, retry, cancel, pause, resume, resolve, set, remove … */
  readonly action: string;
  /** `organization` or `organization/job`. */
  readonly subject: string;
  readonly before?: JsonValue | undefined;
  readonly after?: JsonValue | undefined;
};
/** An act and when it was recorded. */
export type AuditEntry = NewAuditEntry & { readonly id: number; readonly recordedAt: Micros };

/** Which entries are meant; everything that is not given is not asked for. */
export type AuditFilter = {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly limit?: number | undefined;
  readonly beforeId?: number | undefined;
};

/** Entries are only ever added. */
export type AuditLog = {
  record(entry: NewAuditEntry): Promise<void>;
  /** The newest first. */
  list(filter?: AuditFilter): Promise<AuditEntry[]>;
};

const DEFAULT_LIMIT = 100;

/** The audit log of a database. */
export function createAuditLog(database: Database): AuditLog {
  return {
    record: ({ actor, action, subject, before, after }) =>
      database.transaction(async (session) => {
        await insertRows(session, AuditRow, {
          actor,
          action,
          subject,
          beforeState: before === undefined ? null : JSON.stringify(before),
          afterState: after === undefined ? null : JSON.stringify(after),
          recordedAt: NOW,
        });
      }),
    list: (filter = {}) =>
      database.read(async ({ manager }) => {
        const { subject, action, beforeId, limit = DEFAULT_LIMIT } = filter;
        const query = manager.createQueryBuilder(AuditRow, 'entry').orderBy('entry.id', 'DESC');
        if (subject !== undefined) query.andWhere('entry.subject = :subject', { subject });
        if (action !== undefined) query.andWhere('entry.action = :action', { action });
        if (beforeId !== undefined) query.andWhere('entry.id < :beforeId', { beforeId });
        return (await query.limit(limit).getMany()).map(auditEntry);
      }),
  };
}

function auditEntry({
  id,
  actor,
  action,
  subject,
  beforeState,
  afterState,
  recordedAt,
}: AuditRow): AuditEntry {
  return { id, actor, action, subject, before: valueOf(beforeState), after: valueOf(afterState), recordedAt };
}

function valueOf(text: string | null): JsonValue | undefined {
  return text === null ? undefined : (JSON.parse(text) as JsonValue);
}
