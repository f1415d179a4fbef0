/** Finds jobs whose message nobody has seen for a while, each for one finder only. */
import type { Micros } from '../../job/instant.ts';
import { databaseNow, type Database, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { jobRecord, type JobRecord } from '../job-record.ts';
import { later } from './locked-job.ts';

/**
 * Non-terminal jobs that do not need an operator and whose organization is not paused, unseen for olderThanMs, the
 * longest unseen first. Each is marked as seen now by compare-and-set; only those this caller won are returned.
 */
export function claimSilent(database: Database, olderThanMs: number, limit: number): Promise<JobRecord[]> {
  return database.transaction(async (session) => {
    const now = await databaseNow(session);
    const won = [];
    for (const job of await silentJobs(session, later(now, -olderThanMs), limit)) {
      if (await markSeen(session, job, now)) won.push(jobRecord({ ...job, doorbellSeenAt: now }));
    }
    return won;
  });
}

function silentJobs({ manager }: Session, before: Micros, limit: number): Promise<JobRow[]> {
  return (
    manager
      .createQueryBuilder(JobRow, 'job')
      .leftJoin(
        OrganizationRow,
        'organization',
        'organization.organizationId = job.organizationId AND organization.paused = :paused',
        { paused: true },
      )
      .where(`job.status IN ('QUEUED', 'IN_PROGRESS', 'COMMITTING')`)
      .andWhere('job.needsOperator = :needsOperator', { needsOperator: false })
      .andWhere('job.doorbellSeenAt < :before', { before })
      // What is decided is rolled forward in a paused organization too.
      .andWhere(`(organization.id IS NULL OR job.status = 'COMMITTING')`)
      .orderBy('job.doorbellSeenAt')
      .limit(limit)
      .getMany()
  );
}

async function markSeen({ manager }: Session, job: JobRow, now: Micros): Promise<boolean> {
  const { affected } = await manager
    .createQueryBuilder()
    .update(JobRow)
    .set({ doorbellSeenAt: now })
    .where('id = :id AND doorbell_seen_at = :seen', { id: job.id, seen: job.doorbellSeenAt })
    .execute();
  return affected === 1;
}
