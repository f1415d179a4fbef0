/** The rows a transition works on, locked in the one order everybody locks them in: the organization's first, then the job's. */
import { LeaseLostError } from '../../job/errors.ts';
import { MICROS_PER_MS, type Micros } from '../../job/instant.ts';
import { jobName, type JobKey, type Lease } from '../../job/job.ts';
import { databaseNow, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { findColumns, lockRow, updateRow } from '../row-statements.ts';

/** A job locked together with its organization, and the time at which both locks were held. */
export type LockedJob = {
  readonly session: Session;
  readonly organization: OrganizationRow | undefined;
  readonly job: JobRow;
  readonly now: Micros;
};

/** Locks organization and job; undefined when there is no such job. */
export async function lockJobAndOrganization(session: Session, key: JobKey): Promise<LockedJob | undefined> {
  const organization = await lockOrganization(session, key.organizationId);
  const job = await lockJob(session, key);
  return job && { session, organization, job, now: await databaseNow(session) };
}

/** Locks both for whoever holds the lease; undefined when somebody else has claimed the job or it was released. */
export async function lockLeasedJob(session: Session, lease: Lease): Promise<LockedJob | undefined> {
  const locked = await lockJobAndOrganization(session, lease);
  return locked && holdsLease(locked.job, lease) ? locked : undefined;
}

/** Locks the row of an organization; undefined when nobody knows it. */
export function lockOrganization(
  session: Session,
  organizationId: string,
): Promise<OrganizationRow | undefined> {
  return lockRow(session, OrganizationRow, { organizationId });
}

function lockJob(session: Session, { organizationId, jobId }: JobKey): Promise<JobRow | undefined> {
  return lockRow(session, JobRow, { organizationId, jobId });
}

/** What a write beside the job has to know of it; its plan and its commit set may be long. */
const FENCE = ['id', 'leaseOwner', 'leaseEpoch', 'crashes'] as const;

/** Locks the job of a lease that still holds. Rejects with LeaseLostError. */
export async function lockOwnJob(
  session: Session,
  lease: Lease,
): Promise<Pick<JobRow, (typeof FENCE)[number]>> {
  const tail = `WHERE {organizationId} = ? AND {jobId} = ?${session.dialect.forUpdate}`;
  const { organizationId, jobId } = lease;
  const [job] = await findColumns(session, JobRow, FENCE, tail, [organizationId, jobId]);
  if (!job || !holdsLease(job, lease)) throw leaseLost(lease);
  return job;
}

/**
 * Whether this lease is the job's newest. It may have run out: as long as nobody else claimed the job, its epoch fences
 * everybody else, so the work need not be thrown away.
 */
export function holdsLease(job: Pick<JobRow, 'leaseOwner' | 'leaseEpoch'>, lease: Lease): boolean {
  return job.leaseOwner === lease.owner && job.leaseEpoch === lease.epoch;
}

/** Whether somebody may be running the job right now, by the database's clock. */
export function hasLiveLease(job: JobRow, now: Micros): boolean {
  return job.leaseExpiresAt !== null && job.leaseExpiresAt > now;
}

/** Changes the locked job. */
export async function changeJob(
  { session, job, now }: LockedJob,
  changes: Partial<Omit<JobRow, 'id'>>,
): Promise<void> {
  await updateRow(session, JobRow, job.id, { ...changes, updatedAt: now });
}

/** Lets the next job of the organization run, if it was this one that kept it locked. */
export async function unlockOrganization({ session, organization, job, now }: LockedJob): Promise<void> {
  if (organization?.activeJob !== job.jobId) return;
  await updateRow(session, OrganizationRow, organization.id, { activeJob: null, updatedAt: now });
}

/** The instant ms milliseconds later. */
export function later(now: Micros, ms: number): Micros {
  return now + BigInt(Math.round(ms)) * MICROS_PER_MS;
}

/** The error of a write that came too late. */
export function leaseLost(lease: Lease): LeaseLostError {
  return new LeaseLostError(
    `${jobName(lease)} is no longer held by ${lease.owner} under epoch ${lease.epoch}: another worker took it over, or it has ended`,
  );
}

/** What a transition writes when nobody runs the job any more. */
export const NO_LEASE = { leaseOwner: null, leaseExpiresAt: null } as const;
