/** How much waits that could run: the measure by which workers are added. */
import { MICROS_PER_SECOND } from '../job/instant.ts';
import { databaseNow, type Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';
import { OrganizationRow } from './entities/organization-row.ts';

/** Jobs that a further worker could start now, and how long the oldest of them has been on record. */
export type Backlog = { readonly runnable: number; readonly oldestSeconds: number };

/** One job an organization at most, as only one runs at a time; none of those that are paused or busy, or whose next attempt is not due. */
export async function jobBacklog(session: Session): Promise<Backlog> {
  const { manager } = session;
  const now = await databaseNow(session);
  const notFree = manager
    .createQueryBuilder(OrganizationRow, 'organization')
    .select('organization.organizationId')
    .where('organization.paused = :paused OR organization.activeJob IS NOT NULL');
  const found = await manager
    .createQueryBuilder(JobRow, 'job')
    .select('COUNT(DISTINCT job.organizationId)', 'runnable')
    .addSelect('MIN(job.createdAt)', 'oldest')
    .where(`job.status = 'QUEUED'`)
    .andWhere('(job.nextAttemptAt IS NULL OR job.nextAttemptAt <= :now)', { now })
    .andWhere(`job.organizationId NOT IN (${notFree.getQuery()})`, { paused: true })
    .getRawOne<{ runnable: string | number | bigint; oldest: string | number | bigint | null }>();
  const oldest = found?.oldest ?? null;
  return {
    runnable: Number(found?.runnable ?? 0),
    oldestSeconds: oldest === null ? 0 : Number((now - BigInt(oldest)) / MICROS_PER_SECOND),
  };
}
