/** Finds jobs whose worker let its lease run out, and says each time to one finder only that a message is due for them. */
import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros } from '../../job/instant.ts';
import { DatabaseClock } from '../column-values.ts';
import { databaseNow, type Database, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { jobRecord, type JobRecord } from '../job-record.ts';
import { findColumns, findRow } from '../row-statements.ts';
import { markSeen, MAY_RUN } from './claim-silent.ts';

/** Jobs this finder won, and in how long a message will be due for another one, unless its lease is renewed; undefined when nobody holds any. */
export type AbandonedJobs = { readonly won: JobRecord[]; readonly nextDueInMs: number | undefined };

const TIMES = ['id', 'leaseExpiresAt', 'doorbellSeenAt'] as const;
type HeldJob = Pick<JobRow, (typeof TIMES)[number]>;

/** What is given to a worker that has died as well, or to a connection nobody reads any more, is not answered sooner. */
const ANSWER_MICROS = 2n * MICROS_PER_SECOND;

/**
 * At most limit jobs whose lease ran out less than withinMs ago, the longest abandoned first: when it runs out, and again for as
 * long as nobody has seen their message, ever less often. Each is marked as seen now by compare-and-set.
 */
export async function claimAbandoned(
  database: Database,
  withinMs: number,
  limit: number,
): Promise<AbandonedJobs> {
  const { held, now } = await database.read(async (session) => ({
    held: await heldJobs(session, withinMs, limit),
    now: await databaseNow(session),
  }));
  const due = held.filter((job) => dueAt(job) <= now);
  const won = due.length === 0 ? [] : await database.transaction((session) => mark(session, due, now));
  const next = held.map((job) => dueAt(due.includes(job) ? { ...job, doorbellSeenAt: now } : job));
  const inMs = next.map((at) => Number((at - now) / MICROS_PER_MS));
  return { won, nextDueInMs: inMs.length === 0 ? undefined : Math.min(...inMs) };
}

function heldJobs(session: Session, withinMs: number, limit: number): Promise<HeldJob[]> {
  const isHeld = `{status} IN ('IN_PROGRESS', 'COMMITTING') AND {leaseExpiresAt} > {now} + ?`;
  const longestFirst = 'ORDER BY {leaseExpiresAt} LIMIT ?';
  return findColumns(session, JobRow, TIMES, `WHERE ${isHeld} AND ${MAY_RUN} ${longestFirst}`, [
    new DatabaseClock(-withinMs).plusMicros,
    limit,
  ]);
}

/** A job whose message was seen after its lease ran out is given as long again for an answer. */
function dueAt({ leaseExpiresAt, doorbellSeenAt }: HeldJob): Micros {
  const ranOutAt = leaseExpiresAt ?? doorbellSeenAt;
  if (doorbellSeenAt < ranOutAt) return ranOutAt;
  const waited = doorbellSeenAt - ranOutAt;
  return doorbellSeenAt + (waited > ANSWER_MICROS ? waited : ANSWER_MICROS);
}

async function mark(session: Session, jobs: readonly HeldJob[], now: Micros): Promise<JobRecord[]> {
  const won = [];
  for (const job of jobs) {
    const row = (await markSeen(session, job, now))
      ? await findRow(session, JobRow, { id: job.id })
      : undefined;
    if (row) won.push(jobRecord(row));
  }
  return won;
}
