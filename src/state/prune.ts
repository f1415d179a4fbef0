/** Deletes what is older than the retention: steps and batches of ended jobs, dead letters, sent alerts, workers long gone. Jobs are kept for ever. */
import { TERMINAL_STATUSES } from '../job/job-status.ts';
import { databaseNow, type Database } from './database.ts';
import { deleteInParts, type Numbered } from './delete-in-parts.ts';
import { AlertRow } from './entities/alert-row.ts';
import { BatchRow } from './entities/batch-row.ts';
import { DeadLetterRow } from './entities/dead-letter-row.ts';
import { JobRow } from './entities/job-row.ts';
import { StepRow } from './entities/step-row.ts';
import { WorkerRow } from './entities/worker-row.ts';
import type { Entity } from './row-statements.ts';
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
// What nobody could publish yet is kept, however old it is.
const PUBLISHED_AND_OLD = 'row.seenAt < :before AND row.nextPublishAt IS NULL';

/** Deletes what is older than retentionDays by the database's clock, in small transactions, and says how much. */
export async function prune(database: Database, retentionDays: number): Promise<Pruned> {
  const before = later(await database.read(databaseNow), -retentionDays * MS_PER_DAY);
  return {
    steps: await pruneTable(database, StepRow, 'row.startedAt < :before', before, true),
    batches: await pruneTable(database, BatchRow, 'row.updatedAt < :before', before, true),
    deadLetters: await pruneTable(database, DeadLetterRow, PUBLISHED_AND_OLD, before, false),
    alerts: await pruneTable(database, AlertRow, 'row.sentAt < :before', before, false),
    workers: await pruneTable(database, WorkerRow, 'row.leaseExpiresAt < :before', before, false),
  };
}

function pruneTable(
  database: Database,
  Row: Entity<Numbered>,
  condition: string,
  before: bigint,
  ofEndedJobs: boolean,
): Promise<number> {
  return deleteInParts(database, Row, ({ manager }, limit) => {
    const query = manager.createQueryBuilder<Numbered>(Row, 'row').where(condition, { before });
    if (ofEndedJobs)
      query
        .innerJoin(JobRow, 'job', 'job.organizationId = row.organizationId AND job.jobId = row.jobId')
        .andWhere('job.status IN (:...ended)', { ended: TERMINAL_STATUSES });
    return query.orderBy('row.id').limit(limit).getMany();
  });
}
