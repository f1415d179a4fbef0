/** Finds jobs whose message nobody has seen for a while, each for one finder only. */
import type { Micros } from '../../job/instant.ts';
import { DatabaseClock } from '../column-values.ts';
import { databaseNow, type Database, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { jobRecord, type JobRecord } from '../job-record.ts';
import { findRows, updateRows } from '../row-statements.ts';

const PAUSED =
  'SELECT {OrganizationRow.organizationId} FROM {OrganizationRow.table} WHERE {OrganizationRow.paused} = 1';
/** Nobody need ring for a job that waits for people. What is decided is rolled forward in a paused organization too. */
export const MAY_RUN = `{needsOperator} = 0 AND ({status} = 'COMMITTING' OR {organizationId} NOT IN (${PAUSED}))`;

/**
 * Non-terminal jobs that do not need an operator and whose organization is not paused, unseen for olderThanMs, the
 * longest unseen first. Each is marked as seen now by compare-and-set; only those this caller won are returned.
 */
export function claimSilent(database: Database, olderThanMs: number, limit: number): Promise<JobRecord[]> {
  return database.transaction(async (session) => {
    const silent = await silentJobs(session, olderThanMs, limit);
    if (silent.length === 0) return [];
    const now = await databaseNow(session);
    const won = [];
    for (const job of silent)
      if (await markSeen(session, job, now)) won.push(jobRecord({ ...job, doorbellSeenAt: now }));
    return won;
  });
}

/** Whether there is any such job; changes nothing. */
export function anySilent(database: Database, olderThanMs: number): Promise<boolean> {
  return database.read(async (session) => (await silentJobs(session, olderThanMs, 1)).length > 0);
}

function silentJobs(session: Session, olderThanMs: number, limit: number): Promise<JobRow[]> {
  const isOpen = `{status} IN ('QUEUED', 'IN_PROGRESS', 'COMMITTING')`;
  const isSilent = '{doorbellSeenAt} < {now} + ?';
  const longestFirst = 'ORDER BY {doorbellSeenAt} LIMIT ?';
  return findRows(session, JobRow, `WHERE ${isOpen} AND ${isSilent} AND ${MAY_RUN} ${longestFirst}`, [
    new DatabaseClock(-olderThanMs).plusMicros,
    limit,
  ]);
}

/** Whether nobody has marked the job since it was read. */
export async function markSeen(
  session: Session,
  { id, doorbellSeenAt }: Pick<JobRow, 'id' | 'doorbellSeenAt'>,
  now: Micros,
): Promise<boolean> {
  const isSame = '{id} = ? AND {doorbellSeenAt} = ?';
  return (await updateRows(session, JobRow, { doorbellSeenAt: now }, isSame, [id, doorbellSeenAt])) === 1;
}
