/** What ended jobs add up to by day, for charts and success rates. */
import type { JobStatus } from '../job/job.ts';
import { MICROS_PER_DAY, MICROS_PER_SECOND, type Micros } from '../job/instant.ts';
import type { Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';

/** The jobs of one organization that ended on one day in one status. */
export type DayFigures = {
  /** Midnight UTC, by the database's clock. */
  readonly day: Micros;
  readonly organizationId: string;
  readonly status: JobStatus;
  readonly jobs: number;
  readonly rows: number;
  readonly bytes: number;
  /** From start to end, of those that were ever started. */
  readonly meanSeconds: number;
  readonly longestSeconds: number;
};

type RawFigures = Record<
  Exclude<keyof DayFigures, 'organizationId' | 'status'>,
  bigint | number | string | null
> & {
  readonly organizationId: string;
  readonly status: JobStatus;
};

/** Midnight UTC of the day an instant lies in. */
export function dayOf(instant: Micros): Micros {
  return instant - (instant % MICROS_PER_DAY);
}

/** By day, organization and status, of the jobs that ended at `since` or later; all organizations, or one. */
export async function jobFigures(
  { manager }: Session,
  since: Micros,
  organizationId?: string,
): Promise<DayFigures[]> {
  const day = `job.finishedAt - (job.finishedAt % ${MICROS_PER_DAY})`;
  const took = 'job.finishedAt - job.startedAt';
  const query = manager
    .createQueryBuilder(JobRow, 'job')
    .select(day, 'day')
    .addSelect('job.organizationId', 'organizationId')
    .addSelect('job.status', 'status')
    .addSelect('COUNT(*)', 'jobs')
    .addSelect('SUM(job.rowsWritten)', 'rows')
    .addSelect('SUM(job.bytesWritten)', 'bytes')
    .addSelect(`AVG(${took})`, 'meanSeconds')
    .addSelect(`MAX(${took})`, 'longestSeconds')
    .where('job.finishedAt >= :since', { since });
  if (organizationId !== undefined)
    query.andWhere('job.organizationId = :organizationId', { organizationId });
  const rows = await query
    .groupBy(day)
    .addGroupBy('job.organizationId')
    .addGroupBy('job.status')
    .getRawMany<RawFigures>();
  return rows.map(figures).sort((a, b) => Number(a.day - b.day));
}

function figures({ organizationId, status, ...sums }: RawFigures): DayFigures {
  return {
    day: BigInt(sums.day ?? 0),
    organizationId,
    status,
    jobs: Number(sums.jobs),
    rows: Number(sums.rows ?? 0),
    bytes: Number(sums.bytes ?? 0),
    meanSeconds: Number(sums.meanSeconds ?? 0) / Number(MICROS_PER_SECOND),
    longestSeconds: Number(sums.longestSeconds ?? 0) / Number(MICROS_PER_SECOND),
  };
}
