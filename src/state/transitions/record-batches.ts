/** One checkpoint of a run: which batches are planned and which the write streams hold, under the lease only. */
import type { Batch } from '../../job/batch.ts';
import type { Lease } from '../../job/job.ts';
import { NOW } from '../column-values.ts';
import type { Session } from '../database.ts';
import { BatchRow } from '../entities/batch-row.ts';
import { JobRow } from '../entities/job-row.ts';
import { insertRows } from '../insert-rows.ts';
import { updateRow, updateRows } from '../row-statements.ts';
import { NO_CRASHES } from './crashes.ts';
import { lockOwnJob } from './locked-job.ts';

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
  for (const some of chunks(planned)) await upsert(session, lease, planNumber, some);
  for (const some of chunks(acknowledged)) await acknowledge(session, lease, planNumber, some);
  if (acknowledged.length > 0 && job.crashes > 0)
    await updateRow(session, JobRow, job.id, { ...NO_CRASHES, updatedAt: NOW });
}

async function upsert(
  session: Session,
  { organizationId, jobId }: Lease,
  planNumber: number,
  batches: readonly Batch[],
): Promise<void> {
  const rows = batches.map(({ totals, days, ...batch }) => ({
    ...batch,
    organizationId,
    jobId,
    planNumber,
    totals: JSON.stringify(totals),
    days: days ? JSON.stringify(days) : null,
    fingerprint: null,
    updatedAt: NOW,
  }));
  // The state stays: a batch planned again may have been acknowledged before.
  await insertRows(session, BatchRow, rows, {
    key: ['organizationId', 'jobId', 'planNumber', 'stream', 'batch'],
    overwrite: OVERWRITTEN,
  });
}

const OVERWRITTEN = [
  'readOffset',
  'writeOffset',
  'rowsRead',
  'rowsWritten',
  'rowsDropped',
  'rowsQuarantined',
  'bytes',
  'totals',
  'days',
  'updatedAt',
] as const;

async function acknowledge(
  session: Session,
  { organizationId, jobId }: Lease,
  planNumber: number,
  keys: readonly BatchKey[],
): Promise<void> {
  const ofPlan = '{organizationId} = ? AND {jobId} = ? AND {planNumber} = ?';
  const anyOf = keys.map(() => '({stream} = ? AND {batch} = ?)').join(' OR ');
  const changes = { state: 'acknowledged', updatedAt: NOW } as const;
  const affected = await updateRows(session, BatchRow, changes, `${ofPlan} AND (${anyOf})`, [
    organizationId,
    jobId,
    planNumber,
    ...keys.flatMap(({ stream, batch }) => [stream, batch]),
  ]);
  if (affected !== keys.length)
    throw new Error(
      `${organizationId}/${jobId}: ${keys.length} batches were acknowledged, but only ${affected} of them are recorded`,
    );
}

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < items.length; at += ROWS_PER_STATEMENT)
    yield items.slice(at, at + ROWS_PER_STATEMENT);
}
