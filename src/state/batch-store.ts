/** The checkpoints of a run: which batches were planned, and which the write streams hold. */
import type { Batch } from '../job/batch.ts';
import type { JobKey, Lease } from '../job/job.ts';
import type { Totals } from '../job/totals.ts';
import type { Database, Session } from './database.ts';
import { BatchRow } from './entities/batch-row.ts';
import { lockOwnJob, recordBatches, type BatchKey } from './transitions/record-batches.ts';

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
  /** Sums over acknowledged batches. */
  progress(key: JobKey, planNumber: number): Promise<Progress>;
};

/** The batch store of a database. */
export function createBatchStore(database: Database): BatchStore {
  return {
    record: (lease, planNumber, planned, acknowledged) =>
      database.transaction((session) => recordBatches(session, lease, planNumber, planned, acknowledged)),
    list: (key, planNumber) =>
      database.read(async (session) => (await batchesOf(session, key, planNumber)).map(batchOf)),
    newest: (key, planNumber, limit) =>
      database.read(async ({ manager }) => {
        const query = ofPlan(manager.createQueryBuilder(BatchRow, 'batch'), key, planNumber);
        return (await query.orderBy('batch.id', 'DESC').limit(limit).getMany()).map(batchOf);
      }),
    discard: (lease, planNumber) =>
      database.transaction(async (session) => {
        await lockOwnJob(session, lease);
        const { organizationId, jobId } = lease;
        await session.manager.delete(BatchRow, { organizationId, jobId, planNumber });
      }),
    progress: (key, planNumber) => database.read((session) => progress(session, key, planNumber)),
  };
}

async function progress({ manager }: Session, key: JobKey, planNumber: number): Promise<Progress> {
  const sums = await ofPlan(manager.createQueryBuilder(BatchRow, 'batch'), key, planNumber)
    .andWhere(`batch.state = 'acknowledged'`)
    .select('SUM(batch.rowsWritten)', 'rowsWritten')
    .addSelect('SUM(batch.bytes)', 'bytesWritten')
    .addSelect('COUNT(*)', 'batches')
    .getRawOne<Record<keyof Progress, string | number | bigint | null>>();
  return {
    rowsWritten: Number(sums?.rowsWritten ?? 0),
    bytesWritten: Number(sums?.bytesWritten ?? 0),
    batches: Number(sums?.batches ?? 0),
  };
}

function batchesOf({ manager }: Session, key: JobKey, planNumber: number): Promise<BatchRow[]> {
  return ofPlan(manager.createQueryBuilder(BatchRow, 'batch'), key, planNumber)
    .orderBy('batch.stream')
    .addOrderBy('batch.batch')
    .getMany();
}

function ofPlan<Query extends { where(condition: string, values: object): Query }>(
  query: Query,
  { organizationId, jobId }: JobKey,
  planNumber: number,
): Query {
  return query.where(
    'batch.organizationId = :organizationId AND batch.jobId = :jobId AND batch.planNumber = :planNumber',
    { organizationId, jobId, planNumber },
  );
}

function batchOf(row: BatchRow): Batch {
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
