/** The checkpoints of a run: which batches were planned, and which the write streams hold. */
import type { Batch } from '../job/batch.ts';
import type { JobKey, Lease } from '../job/job.ts';
import type { Totals } from '../job/totals.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { BatchRow } from './entities/batch-row.ts';
import { JobRow } from './entities/job-row.ts';
import { insertRows } from './insert-rows.ts';
import { holdsLease, leaseLost, lockJob } from './transitions/locked-job.ts';

/** Which batch of which stream. */
export type BatchKey = { readonly stream: number; readonly batch: number };
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
  /** Forgets every batch of the plan: it is written again from the start. */
  discard(lease: Lease, planNumber: number): Promise<void>;
  /** Sums over acknowledged batches. */
  progress(key: JobKey, planNumber: number): Promise<Progress>;
};

const ROWS_PER_STATEMENT = 200;

/** The batch store of a database. */
export function createBatchStore(database: Database): BatchStore {
  return {
    record: (lease, planNumber, planned, acknowledged) =>
      database.transaction((session) => record(session, lease, planNumber, planned, acknowledged)),
    list: (key, planNumber) =>
      database.read(async (session) => (await batchesOf(session, key, planNumber)).map(batchOf)),
    discard: (lease, planNumber) =>
      database.transaction(async (session) => {
        await lockOwnJob(session, lease);
        const { organizationId, jobId } = lease;
        await session.manager.delete(BatchRow, { organizationId, jobId, planNumber });
      }),
    progress: (key, planNumber) => database.read((session) => progress(session, key, planNumber)),
  };
}

async function record(
  session: Session,
  lease: Lease,
  planNumber: number,
  planned: readonly Batch[],
  acknowledged: readonly BatchKey[],
): Promise<void> {
  const job = await lockOwnJob(session, lease);
  const now = await databaseNow(session);
  for (const some of chunks(planned)) await upsert(session, lease, planNumber, some, now);
  for (const some of chunks(acknowledged)) await acknowledge(session, lease, planNumber, some, now);
  // A checkpoint is progress: whatever killed earlier runs did not stop this one.
  if (acknowledged.length > 0 && job.crashes > 0)
    await session.manager.update(JobRow, { id: job.id }, { crashes: 0, updatedAt: now });
}

async function lockOwnJob(session: Session, lease: Lease): Promise<JobRow> {
  const job = await lockJob(session, lease);
  if (!job || !holdsLease(job, lease)) throw leaseLost(lease);
  return job;
}

async function upsert(
  session: Session,
  { organizationId, jobId }: Lease,
  planNumber: number,
  batches: readonly Batch[],
  now: bigint,
): Promise<void> {
  const rows = batches.map(({ totals, ...batch }) => ({
    ...batch,
    organizationId,
    jobId,
    planNumber,
    totals: JSON.stringify(totals),
    fingerprint: null,
    updatedAt: now,
  }));
  // The state stays: a batch planned again may have been acknowledged before.
  await insertRows(session, BatchRow, rows, {
    key: ['organization_id', 'job_id', 'plan_number', 'stream', 'batch'],
    overwrite: OVERWRITTEN,
  });
}

const OVERWRITTEN = [
  'read_offset',
  'write_offset',
  'rows_read',
  'rows_written',
  'rows_dropped',
  'rows_quarantined',
  'bytes',
  'totals',
  'updated_at',
];

async function acknowledge(
  { manager }: Session,
  { organizationId, jobId }: Lease,
  planNumber: number,
  keys: readonly BatchKey[],
  now: bigint,
): Promise<void> {
  const anyOf = keys.map((_, at) => `(stream = :stream${at} AND batch = :batch${at})`).join(' OR ');
  const values = Object.fromEntries(
    keys.flatMap(({ stream, batch }, at) => [
      [`stream${at}`, stream],
      [`batch${at}`, batch],
    ]),
  );
  const { affected } = await manager
    .createQueryBuilder()
    .update(BatchRow)
    .set({ state: 'acknowledged', updatedAt: now })
    .where('organization_id = :organizationId AND job_id = :jobId AND plan_number = :planNumber', {
      organizationId,
      jobId,
      planNumber,
    })
    .andWhere(`(${anyOf})`, values)
    .execute();
  if (affected !== keys.length)
    throw new Error(
      `${organizationId}/${jobId}: ${keys.length} batches were acknowledged, but only ${affected ?? 0} of them are recorded`,
    );
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

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS_PER_STATEMENT)
    yield items.slice(at, at + ROWS_PER_STATEMENT);
}
