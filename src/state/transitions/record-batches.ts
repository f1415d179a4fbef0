/** One checkpoint of a run: which batches are planned and which the write streams hold, under the lease only. */
import type { Batch } from '../../job/batch.ts';
import type { Lease } from '../../job/job.ts';
import { databaseNow, type Session } from '../database.ts';
import { BatchRow } from '../entities/batch-row.ts';
import { JobRow } from '../entities/job-row.ts';
import { insertRows } from '../insert-rows.ts';
import { NO_CRASHES } from './crashes.ts';
import { holdsLease, leaseLost, lockJob } from './locked-job.ts';

/** Which batch of which stream. */
export type BatchKey = { readonly stream: number; readonly batch: number };

const ROWS_PER_STATEMENT = 200;

/** Records planned batches and acknowledgements together. Rejects with LeaseLostError. */
export async function recordBatches(
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
  if (acknowledged.length > 0 && job.crashes > 0)
    await session.manager.update(JobRow, { id: job.id }, { ...NO_CRASHES, updatedAt: now });
}

/** Locks the job of a lease that still holds. Rejects with LeaseLostError. */
export async function lockOwnJob(session: Session, lease: Lease): Promise<JobRow> {
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

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS_PER_STATEMENT)
    yield items.slice(at, at + ROWS_PER_STATEMENT);
}
