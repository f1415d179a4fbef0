/** Reads jobs, changing nothing. */
import type { JobKey, JobStatus, JobType } from '../job/job.ts';
import type { Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';

/** Which jobs a listing holds; everything that is not given is not asked for. */
export type JobFilter = {
  readonly organizationId?: string | undefined;
  readonly status?: readonly JobStatus[] | undefined;
  readonly jobType?: JobType | undefined;
  readonly limit?: number | undefined;
  /** Jobs that arrived before this one: the next page. */
  readonly beforeId?: number | undefined;
};

const DEFAULT_LIMIT = 100;

/** The row of a job; undefined when there is none. */
export async function findJob({ manager }: Session, key: JobKey): Promise<JobRow | undefined> {
  const { organizationId, jobId } = key;
  const query = manager
    .createQueryBuilder(JobRow, 'job')
    .where('job.organizationId = :organizationId AND job.jobId = :jobId', { organizationId, jobId });
  return (await query.getOne()) ?? undefined;
}

/** The newest first. */
export function listJobs({ manager }: Session, filter: JobFilter): Promise<JobRow[]> {
  const query = manager.createQueryBuilder(JobRow, 'job').orderBy('job.id', 'DESC');
  const { organizationId, status, jobType, beforeId, limit = DEFAULT_LIMIT } = filter;
  if (organizationId !== undefined)
    query.andWhere('job.organizationId = :organizationId', { organizationId });
  if (status !== undefined) {
    if (status.length === 0) return Promise.resolve([]);
    query.andWhere('job.status IN (:...status)', { status });
  }
  if (jobType !== undefined) query.andWhere('job.jobType = :jobType', { jobType });
  if (beforeId !== undefined) query.andWhere('job.id < :beforeId', { beforeId });
  return query.limit(limit).getMany();
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
