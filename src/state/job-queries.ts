/** Reads jobs, changing nothing. */
import type { JobKey, JobStatus, JobType } from '../job/job.ts';
import type { Reason } from '../job/reason.ts';
import type { Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';
import { findRow } from './row-statements.ts';

/** Which jobs a listing holds; everything that is not given is not asked for. */
export type JobFilter = {
  readonly organizationId?: string | undefined;
  readonly status?: readonly JobStatus[] | undefined;
  readonly jobType?: JobType | undefined;
  readonly reason?: Reason | undefined;
  /** Jobs that wrote at least one row. */
  readonly hasWritten?: true;
  /** Jobs whose id holds this text, whatever its case where the database compares so. */
  readonly jobIdContains?: string | undefined;
  readonly limit?: number | undefined;
  /** Jobs that arrived before this one: the next page. */
  readonly beforeId?: number | undefined;
};

const DEFAULT_LIMIT = 100;

/** The row of a job; undefined when there is none. */
export function findJob(session: Session, { organizationId, jobId }: JobKey): Promise<JobRow | undefined> {
  return findRow(session, JobRow, { organizationId, jobId });
}

/** The newest first. */
export function listJobs({ manager }: Session, filter: JobFilter): Promise<JobRow[]> {
  const query = manager.createQueryBuilder(JobRow, 'job').orderBy('job.id', 'DESC');
  const { organizationId, status, jobType, reason, hasWritten, jobIdContains, beforeId } = filter;
  const { limit = DEFAULT_LIMIT } = filter;
  if (organizationId !== undefined)
    query.andWhere('job.organizationId = :organizationId', { organizationId });
  if (status !== undefined) {
    if (status.length === 0) return Promise.resolve([]);
    query.andWhere('job.status IN (:...status)', { status });
  }
  if (jobType !== undefined) query.andWhere('job.jobType = :jobType', { jobType });
  if (reason !== undefined) query.andWhere('job.errorReason = :reason', { reason });
  if (hasWritten) query.andWhere('job.rowsWritten > 0');
  if (jobIdContains !== undefined)
    query.andWhere(`job.jobId LIKE :pattern ESCAPE '!'`, { pattern: `%${escapePattern(jobIdContains)}%` });
  if (beforeId !== undefined) query.andWhere('job.id < :beforeId', { beforeId });
  return query.limit(limit).getMany();
}

/** The newest job of every organization that has any. */
export function newestJobs({ manager }: Session): Promise<JobRow[]> {
  const newest = manager
    .createQueryBuilder(JobRow, 'newest')
    .select('MAX(newest.id)')
    .groupBy('newest.organizationId');
  return manager.createQueryBuilder(JobRow, 'job').where(`job.id IN (${newest.getQuery()})`).getMany();
}

/** How many jobs of each organization are in each status. */
export async function countJobsByStatus({
  manager,
}: Session): Promise<{ organizationId: string; status: JobStatus; count: number }[]> {
  const rows = await manager
    .createQueryBuilder(JobRow, 'job')
    .select('job.organizationId', 'organizationId')
    .addSelect('job.status', 'status')
    .addSelect('COUNT(*)', 'jobs')
    .groupBy('job.organizationId')
    .addGroupBy('job.status')
    .orderBy('job.organizationId')
    .addOrderBy('job.status')
    .getRawMany<{ organizationId: string; status: JobStatus; jobs: string | number | bigint }>();
  return rows.map(({ organizationId, status, jobs }) => ({ organizationId, status, count: Number(jobs) }));
}

/** Text in which nothing is a wildcard, for LIKE … ESCAPE '!'; a backslash would mean another thing in each database. */
function escapePattern(text: string): string {
  return text.replace(/[!%_]/g, '!$&');
}
