/** The checkpoints of a run: which batches were planned, and which the write streams hold. */
import type { Batch } from '../job/batch.ts';
import type { CopiedDays } from '../job/day-totals.ts';
import type { JobKey, Lease } from '../job/job.ts';
import type { Totals } from '../job/totals.ts';
import { copiedDays } from './copied-days.ts';
import type { Database, Session } from './database.ts';
import { BatchRow } from './entities/batch-row.ts';
import { findColumns, writeRows } from './row-statements.ts';
import { lockOwnJob } from './transitions/locked-job.ts';
import { recordBatches, type BatchKey } from './transitions/record-batches.ts';

export type { BatchKey } from './transitions/record-batches.ts';

/** What the write streams hold so far. */
export type Progress = {
  readonly rowsWritten: number;
  readonly bytesWritten: number;
  readonly batches: number;
};

/** Writes are conditional on the lease, in the same transaction: they reject with LeaseLostError once the job changed hands. */
export type BatchStore = {
  /** One checkpoint: records the boundaries of planned batches and marks others as acknowledged. Repeating it is fine. */
  record(
    lease: Lease,
    planNumber: number,
    planned: readonly Batch[],
    acknowledged: readonly BatchKey[],
  ): Promise<void>;
  /** By stream and batch. */
  list(key: JobKey, planNumber: number): Promise<Batch[]>;
  /** Those recorded last, the newest first: of a large job the list is too long to look at. */
  newest(key: JobKey, planNumber: number, limit: number): Promise<Batch[]>;
  /** Forgets every batch of the plan: it is written again from the start. */
  discard(lease: Lease, planNumber: number): Promise<void>;
  /** What the batches of the plan read and wrote by day, where a module came between. */
  days(key: JobKey, planNumber: number): Promise<CopiedDays>;
  /** Sums over acknowledged batches. */
  progress(key: JobKey, planNumber: number): Promise<Progress>;
};

/** The batch store of a database. */
export function createBatchStore(database: Database): BatchStore {
  return {
    record: (lease, planNumber, planned, acknowledged) =>
      database.transaction((session) => recordBatches(session, lease, planNumber, planned, acknowledged)),
    list: (key, planNumber) =>
      database.read((session) =>
        batchesOf(session, `${OF_PLAN} ORDER BY {stream}, {batch}`, planValues(key, planNumber)),
      ),
    newest: (key, planNumber, limit) =>
      database.read((session) =>
        batchesOf(session, `${OF_PLAN} ORDER BY {id} DESC LIMIT ?`, [...planValues(key, planNumber), limit]),
      ),
    discard: (lease, planNumber) =>
      database.transaction(async (session) => {
        await lockOwnJob(session, lease);
        await writeRows(session, BatchRow, `DELETE FROM {table} ${OF_PLAN}`, planValues(lease, planNumber));
      }),
    days: (key, planNumber) => database.read((session) => copiedDays(session, key, planNumber)),
    progress: (key, planNumber) => database.read((session) => progress(session, key, planNumber)),
  };
}

async function progress(session: Session, key: JobKey, planNumber: number): Promise<Progress> {
  const sums = `SELECT SUM({rowsWritten}), SUM({bytes}), COUNT(*) FROM {table} ${OF_PLAN} AND {state} = 'acknowledged'`;
  const [found] = await session.dialect.rows(
    session.runner,
    session.tables.of(BatchRow).statement(sums),
    planValues(key, planNumber),
  );
  const [rowsWritten, bytesWritten, batches] = (found ?? []).map((sum) => Number(sum ?? 0));
  return { rowsWritten: rowsWritten ?? 0, bytesWritten: bytesWritten ?? 0, batches: batches ?? 0 };
}

const OF_PLAN = 'WHERE {organizationId} = ? AND {jobId} = ? AND {planNumber} = ?';

function planValues({ organizationId, jobId }: JobKey, planNumber: number): unknown[] {
  return [organizationId, jobId, planNumber];
}

async function batchesOf(session: Session, tail: string, values: unknown[]): Promise<Batch[]> {
  return (await findColumns(session, BatchRow, LISTED, tail, values)).map(batchOf);
}

/** What a batch did by day may be long, and is not listed. */
const LISTED = [
  'stream',
  'batch',
  'readOffset',
  'writeOffset',
  'rowsRead',
  'rowsWritten',
  'rowsDropped',
  'rowsQuarantined',
  'bytes',
  'totals',
  'state',
] as const;

function batchOf(row: Pick<BatchRow, (typeof LISTED)[number]>): Batch {
  const { stream, batch, readOffset, writeOffset, rowsRead, rowsWritten, rowsDropped, rowsQuarantined } = row;
  return {
    stream,
    batch,
    readOffset,
    writeOffset,
    rowsRead,
    rowsWritten,
    rowsDropped,
    rowsQuarantined,
    bytes: row.bytes,
    totals: JSON.parse(row.totals) as Totals,
    state: row.state,
  };
}
