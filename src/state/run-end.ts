/** What a worker asks the database for when a run has come to its end: what came of it, and whose turn it is now. */
import type { JobKey } from '../job/job.ts';
import type { Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';

/** A job after a run of it. */
export type RunEnd = {
  /** 0 until the job has succeeded. */
  readonly rowsWritten: number;
  readonly bytesWritten: number;
  /** The job of the organization that may run now: the first that is queued and due while none is active and nobody paused them. */
  readonly nextJobId: string | undefined;
};

// An earlier job that is due stands in the way of a later one, so the first is the only one worth waking.
const DUE = `{status} = 'QUEUED' AND ({nextAttemptAt} IS NULL OR {nextAttemptAt} <= {now})`;
const IS_FREE = `{OrganizationRow.organizationId} = ? AND {OrganizationRow.activeJob} IS NULL AND {OrganizationRow.paused} = 0`;
const NEXT = `SELECT {jobId} FROM {table} WHERE {organizationId} = ? AND ${DUE}
  AND EXISTS (SELECT 1 FROM {OrganizationRow.table} WHERE ${IS_FREE}) ORDER BY {id} LIMIT 1`;
const END = `SELECT {rowsWritten}, {bytesWritten}, (${NEXT}) FROM {table} WHERE {organizationId} = ? AND {jobId} = ?`;

/** One statement, by keys, since every run asks it; undefined when there is no such job. */
export async function runEnd(
  { dialect, runner, tables }: Session,
  { organizationId, jobId }: JobKey,
): Promise<RunEnd | undefined> {
  const table = tables.of(JobRow);
  const values = [organizationId, organizationId, organizationId, jobId];
  const [row] = await dialect.rows(runner, table.statement(END), values);
  if (!row) return undefined;
  const [rowsWritten, bytesWritten, nextJobId] = row;
  const figures = table.decode([rowsWritten, bytesWritten], ['rowsWritten', 'bytesWritten']);
  return {
    rowsWritten: figures.rowsWritten ?? 0,
    bytesWritten: figures.bytesWritten ?? 0,
    nextJobId: (nextJobId as string | null) ?? undefined,
  };
}
