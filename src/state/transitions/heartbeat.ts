/** IN_PROGRESS and COMMITTING stay what they are: renews the leases of one worker and the doorbell of every message it holds. */
import { Brackets, type ObjectLiteral, type WhereExpressionBuilder } from 'typeorm';
import { isTerminal } from '../../job/job-status.ts';
import { jobName, type JobKey, type Lease } from '../../job/job.ts';
import { databaseNow, type Database, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { renewWorker } from '../worker-slot.ts';
import { holdsLease, later } from './locked-job.ts';

/** What became of each lease, and what the worker has to know about those it kept. */
export type HeartbeatOutcome = {
  readonly kept: Lease[];
  readonly lost: Lease[];
  readonly cancelRequested: JobKey[];
  /** Kept leases whose organization is paused. */
  readonly paused: JobKey[];
};

const KEYS_PER_STATEMENT = 100;

/** Renews to leaseMs from now, by the database's clock, the leases whose owner and epoch are still the job's. */
export function heartbeat(
  database: Database,
  owner: string,
  leases: readonly Lease[],
  held: readonly JobKey[],
  leaseMs: number,
): Promise<HeartbeatOutcome> {
  return database.transaction(async (session) => {
    const jobs = await lockJobs(session, leases);
    const now = await databaseNow(session);
    const renewed = leases.flatMap((lease) => {
      const job = jobs.get(jobName(lease));
      return job && holdsLease(job, lease) && !isTerminal(job.status) ? [{ lease, job }] : [];
    });
    const kept = renewed.map(({ lease }) => lease);
    await renewLeases(
      session,
      renewed.map(({ job }) => job.id),
      { leaseExpiresAt: later(now, leaseMs), doorbellSeenAt: now, updatedAt: now },
    );
    await ringDoorbells(session, held, now);
    await renewWorker(session, owner, now, leaseMs);
    const paused = await pausedOrganizations(session, kept);
    return {
      kept,
      lost: leases.filter((lease) => !kept.includes(lease)),
      cancelRequested: renewed.filter(({ job }) => job.cancelRequested).map(({ lease }) => keyOf(lease)),
      paused: kept.filter((lease) => paused.has(lease.organizationId)).map(keyOf),
    };
  });
}

async function lockJobs(session: Session, keys: readonly JobKey[]): Promise<Map<string, JobRow>> {
  const jobs = new Map<string, JobRow>();
  for (const some of chunks(keys)) {
    const query = session.manager
      .createQueryBuilder(JobRow, 'job')
      .where(anyOf(some, 'job.organizationId', 'job.jobId'))
      .orderBy('job.id');
    for (const job of await session.dialect.locking(query).getMany()) jobs.set(jobName(job), job);
  }
  return jobs;
}

async function renewLeases({ manager }: Session, ids: readonly number[], lease: Partial<JobRow>) {
  if (ids.length === 0) return;
  await manager.createQueryBuilder().update(JobRow).set(lease).where('id IN (:...ids)', { ids }).execute();
}

async function ringDoorbells({ manager }: Session, held: readonly JobKey[], now: bigint): Promise<void> {
  for (const some of chunks(held)) {
    await manager
      .createQueryBuilder()
      .update(JobRow)
      .set({ doorbellSeenAt: now })
      .where(anyOf(some, 'organization_id', 'job_id'))
      .execute();
  }
}

async function pausedOrganizations({ manager }: Session, keys: readonly JobKey[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await manager
    .createQueryBuilder(OrganizationRow, 'organization')
    .select('organization.organizationId', 'organizationId')
    .where('organization.organizationId IN (:...ids)', { ids: keys.map((key) => key.organizationId) })
    .andWhere('organization.paused = :paused', { paused: true })
    .getRawMany<{ organizationId: string }>();
  return new Set(rows.map((row) => row.organizationId));
}

/** A condition that any of the keys meets. */
function anyOf(keys: readonly JobKey[], organizationColumn: string, jobColumn: string): Brackets {
  return new Brackets((where: WhereExpressionBuilder) => {
    keys.forEach((key, at) => {
      const values: ObjectLiteral = { [`organization${at}`]: key.organizationId, [`job${at}`]: key.jobId };
      where.orWhere(`(${organizationColumn} = :organization${at} AND ${jobColumn} = :job${at})`, values);
    });
  });
}

/** In one order for everybody, so that two workers' heartbeats seldom meet crosswise. */
function* chunks(keys: readonly JobKey[]): Iterable<readonly JobKey[]> {
  const sorted = [...keys].sort((a, b) => (jobName(a) < jobName(b) ? -1 : 1));
  for (let at = 0; at < sorted.length; at += KEYS_PER_STATEMENT)
    yield sorted.slice(at, at + KEYS_PER_STATEMENT);
}

function keyOf({ organizationId, jobId }: JobKey): JobKey {
  return { organizationId, jobId };
}
