/** Messages and jobs that can never run, kept so that somebody can look at them and replay them; those of jobs are published from here. */
import { IsNull, type SelectQueryBuilder } from 'typeorm';
import { jobName } from '../job/job.ts';
import { formatInstant, type Micros } from '../job/instant.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { DeadLetterRow } from './entities/dead-letter-row.ts';
import type { JobRow } from './entities/job-row.ts';
import { insertRows } from './insert-rows.ts';
import { later } from './transitions/locked-job.ts';

/** Where a dead letter came from: a job that FAILED, or a message that reached the dead-letter subscription. */
export type DeadLetterSource = 'failed_job' | 'message';

/** A dead letter to be recorded. */
export type NewDeadLetter = {
  /** The text of the message, or its base64 where it is not UTF-8. */
  readonly message: string;
  readonly messageEncoding?: 'utf8' | 'base64' | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly organizationId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly reason: string;
  readonly violations: readonly string[];
  readonly messageId?: string | undefined;
};

/** One row of dead_letters, decoded. */
export type DeadLetterRecord = {
  readonly id: number;
  readonly source: DeadLetterSource;
  readonly message: string;
  readonly messageEncoding: 'utf8' | 'base64';
  readonly messageId: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly organizationId: string | undefined;
  readonly jobId: string | undefined;
  readonly reason: string;
  readonly violations: readonly string[];
  readonly seenAt: Micros;
  readonly replayedAt: Micros | undefined;
  readonly replayedBy: string | undefined;
};

/** Which dead letters are meant; everything that is not given is not asked for. */
export type DeadLetterFilter = {
  readonly organizationId?: string | undefined;
  readonly reason?: string | undefined;
  readonly since?: Micros | undefined;
  readonly before?: Micros | undefined;
  readonly replayed?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly beforeId?: number | undefined;
  /** Those recorded after this one, the oldest first. */
  readonly afterId?: number | undefined;
};

/** Every method is one transaction, or changes nothing. */
export type DeadLetterStore = {
  /** Records a message; a message id already recorded is left as it is. */
  record(letter: NewDeadLetter): Promise<void>;
  /** The newest first, unless the filter says after which one. */
  list(filter?: DeadLetterFilter): Promise<DeadLetterRecord[]>;
  find(id: number): Promise<DeadLetterRecord | undefined>;
  /** False when there is no such dead letter, or somebody replayed it before. */
  markReplayed(id: number, by: string): Promise<boolean>;
  /** Dead letters of jobs that still have to be published, the oldest first; nobody else gets them for holdMs. */
  claimUnpublished(limit: number, holdMs: number): Promise<DeadLetterRecord[]>;
  markPublished(id: number): Promise<void>;
  /** How many the filter means; its limit is not minded. */
  count(filter: DeadLetterFilter): Promise<number>;
  /** Deletes what the filter means, at most its limit where it has one, and says how many. */
  purge(filter: DeadLetterFilter): Promise<number>;
};

const DEFAULT_LIMIT = 100;

/** The dead-letter store of a database. */
export function createDeadLetterStore(database: Database): DeadLetterStore {
  return {
    record: (letter) =>
      database.transaction(async (session) => {
        await insert(session, 'message', letter, await databaseNow(session));
      }),
    list: (filter = {}) =>
      database.read(async (session) =>
        (await matching(session, filter, filter.limit ?? DEFAULT_LIMIT)).map(deadLetterRecord),
      ),
    find: (id) =>
      database.read(async ({ manager }) => {
        const query = manager.createQueryBuilder(DeadLetterRow, 'letter').where('letter.id = :id', { id });
        const row = await query.getOne();
        return row ? deadLetterRecord(row) : undefined;
      }),
    markReplayed: (id, by) =>
      database.transaction(async (session) => {
        const replayed = { replayedAt: await databaseNow(session), replayedBy: by };
        const unreplayed = { id, replayedAt: IsNull() };
        return (await session.manager.update(DeadLetterRow, unreplayed, replayed)).affected === 1;
      }),
    claimUnpublished: (limit, holdMs) =>
      database.transaction((session) => claimUnpublished(session, limit, holdMs)),
    markPublished: (id) =>
      database.transaction(async ({ manager }) => {
        await manager.update(DeadLetterRow, { id }, { nextPublishAt: null });
      }),
    count: (filter) => database.read((session) => meant(session, filter).getCount()),
    purge: (filter) =>
      database.transaction(async (session) => {
        const rows = await matching(session, filter, filter.limit);
        for (const { id } of rows) await session.manager.delete(DeadLetterRow, { id });
        return rows.length;
      }),
  };
}

/** Records the dead letter of a job that FAILED, as part of the transaction that fails it. */
export async function recordFailedJob(
  session: Session,
  job: JobRow,
  reason: string,
  message: string,
  now: Micros,
): Promise<void> {
  const letter: NewDeadLetter = {
    message: JSON.stringify(messageOf(job)),
    attributes: { job: jobName(job), plan_number: String(job.planNumber) },
    organizationId: job.organizationId,
    jobId: job.jobId,
    reason,
    violations: [message],
  };
  await insert(session, 'failed_job', letter, now);
}

/** The message that asks for this job, for a replay. */
function messageOf(job: JobRow) {
  const { windowStart: start, windowEnd: end } = job;
  return {
    organization_id: job.organizationId,
    job_id: job.jobId,
    job_type: job.jobType,
    ...(start === null || end === null
      ? {}
      : { window: { start: formatInstant(start), end: formatInstant(end) } }),
    ...(job.requestedBy === null ? {} : { requested_by: job.requestedBy }),
  };
}

async function insert(session: Session, source: DeadLetterSource, letter: NewDeadLetter, now: Micros) {
  // Changes nothing, so the first record of a message id stays.
  await insertRows(
    session,
    DeadLetterRow,
    {
      source,
      message: letter.message,
      messageEncoding: letter.messageEncoding ?? 'utf8',
      messageId: letter.messageId ?? null,
      attributes: JSON.stringify(letter.attributes),
      organizationId: letter.organizationId ?? null,
      jobId: letter.jobId ?? null,
      reason: letter.reason,
      violations: JSON.stringify(letter.violations),
      seenAt: now,
      nextPublishAt: source === 'failed_job' ? now : null,
    },
    { key: ['messageId'], overwrite: ['messageId'] },
  );
}

async function claimUnpublished(
  session: Session,
  limit: number,
  holdMs: number,
): Promise<DeadLetterRecord[]> {
  const { manager, dialect } = session;
  const query = manager
    .createQueryBuilder(DeadLetterRow, 'letter')
    .where(`letter.nextPublishAt <= ${dialect.now}`)
    .orderBy('letter.id')
    .limit(limit);
  const rows = await dialect.locking(query).getMany();
  const nextPublishAt = later(await databaseNow(session), holdMs);
  for (const { id } of rows) await manager.update(DeadLetterRow, { id }, { nextPublishAt });
  return rows.map(deadLetterRecord);
}

function matching(session: Session, filter: DeadLetterFilter, limit?: number): Promise<DeadLetterRow[]> {
  return meant(session, filter).limit(limit).getMany();
}

function meant({ manager }: Session, filter: DeadLetterFilter): SelectQueryBuilder<DeadLetterRow> {
  const { organizationId, reason, since, before, replayed, beforeId, afterId } = filter;
  const order = afterId === undefined ? 'DESC' : 'ASC';
  const query = manager.createQueryBuilder(DeadLetterRow, 'letter').orderBy('letter.id', order);
  if (organizationId !== undefined)
    query.andWhere('letter.organizationId = :organizationId', { organizationId });
  if (reason !== undefined) query.andWhere('letter.reason = :reason', { reason });
  if (since !== undefined) query.andWhere('letter.seenAt >= :since', { since });
  if (before !== undefined) query.andWhere('letter.seenAt < :before', { before });
  if (replayed !== undefined) query.andWhere(`letter.replayedAt IS ${replayed ? 'NOT ' : ''}NULL`);
  if (beforeId !== undefined) query.andWhere('letter.id < :beforeId', { beforeId });
  if (afterId !== undefined) query.andWhere('letter.id > :afterId', { afterId });
  return query;
}

function deadLetterRecord(row: DeadLetterRow): DeadLetterRecord {
  return {
    id: row.id,
    source: row.source as DeadLetterSource,
    message: row.message,
    messageEncoding: row.messageEncoding as 'utf8' | 'base64',
    messageId: row.messageId ?? undefined,
    attributes: JSON.parse(row.attributes) as Record<string, string>,
    organizationId: row.organizationId ?? undefined,
    jobId: row.jobId ?? undefined,
    reason: row.reason,
    violations: JSON.parse(row.violations) as string[],
    seenAt: row.seenAt,
    replayedAt: row.replayedAt ?? undefined,
    replayedBy: row.replayedBy ?? undefined,
  };
}
