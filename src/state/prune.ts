/** Deletes what is older than the retention: steps and batches of ended jobs, dead letters, sent alerts, workers long gone. Jobs are kept for ever. */
import { databaseNow, type Database } from './database.ts';
import { AlertRow } from './entities/alert-row.ts';
import { BatchRow } from './entities/batch-row.ts';
import { DeadLetterRow } from './entities/dead-letter-row.ts';
import { JobRow } from './entities/job-row.ts';
import { StepRow } from './entities/step-row.ts';
import { WorkerRow } from './entities/worker-row.ts';
import { later } from './transitions/locked-job.ts';

/** How many rows were deleted. */
export type Pruned = {
  readonly steps: number;
  readonly batches: number;
  readonly deadLetters: number;
  readonly alerts: number;
  readonly workers: number;
};

const MS_PER_DAY = 86_400_000;
/** Few enough that nobody waits long for the rows. */
const ROWS_PER_TRANSACTION = 1_000;

/** Deletes what is older than retentionDays by the database's clock, in small transactions, and says how much. */
export async function prune(database: Database, retentionDays: number): Promise<Pruned> {
  const before = later(await database.read(databaseNow), -retentionDays * MS_PER_DAY);
  return {
    steps: await pruneTable(database, StepRow, 'row.startedAt < :before', before, true),
    batches: await pruneTable(database, BatchRow, 'row.updatedAt < :before', before, true),
    deadLetters: await pruneTable(database, DeadLetterRow, 'row.seenAt < :before', before, false),
    alerts: await pruneTable(database, AlertRow, 'row.sentAt < :before', before, false),
    workers: await pruneTable(database, WorkerRow, 'row.leaseExpiresAt < :before', before, false),
  };
}

async function pruneTable(
  database: Database,
  Row: typeof StepRow | typeof BatchRow | typeof DeadLetterRow | typeof AlertRow | typeof WorkerRow,
  condition: string,
  before: bigint,
  ofEndedJobs: boolean,
): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await database.transaction(async ({ manager }) => {
      const query = manager.createQueryBuilder<{ id: number }>(Row, 'row').where(condition, { before });
      if (ofEndedJobs)
        query
          .innerJoin(JobRow, 'job', 'job.organizationId = row.organizationId AND job.jobId = row.jobId')
          .andWhere(`job.status IN ('SUCCESS', 'FAILED', 'CANCELLED')`);
      const rows = await query.orderBy('row.id').limit(ROWS_PER_TRANSACTION).getMany();
      if (rows.length > 0)
        await manager.delete(
          Row,
          rows.map(({ id }) => id),
        );
      return rows.length;
    });
    total += deleted;
    if (deleted < ROWS_PER_TRANSACTION) return total;
  }
}
