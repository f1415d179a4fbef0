/** Reads organizations, changing nothing. */
import { jobName } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { Session } from './database.ts';
import type { JobRow } from './entities/job-row.ts';
import { OrganizationRow } from './entities/organization-row.ts';
import { findJob } from './job-queries.ts';
import { organizationRecord } from './organization-record.ts';
import { findRow } from './row-statements.ts';

/** The row of an organization; undefined when nobody knows it. */
export function findOrganization(
  session: Session,
  organizationId: string,
): Promise<OrganizationRow | undefined> {
  return findRow(session, OrganizationRow, { organizationId });
}

/** The organization as the transaction has changed it. */
export async function rereadOrganization(session: Session, organizationId: string): Promise<Organization> {
  const row = await findOrganization(session, organizationId);
  if (!row) throw new Error(`organization ${organizationId} vanished while it was changed`);
  return organizationRecord(row);
}

/** The job that keeps the organization locked; one that ended or waits does not. */
export async function activeJob(session: Session, row: OrganizationRow): Promise<JobRow | undefined> {
  if (row.activeJob === null) return undefined;
  const job = await findJob(session, { organizationId: row.organizationId, jobId: row.activeJob });
  return job?.status === 'IN_PROGRESS' || job?.status === 'COMMITTING' ? job : undefined;
}

/** Why nothing may change while this job is active, and what to do. */
export function stillActive(job: JobRow): string {
  const way =
    job.status === 'COMMITTING' ? 'wait until it has ended' : 'wait until it has ended, or cancel it';
  return `job ${jobName(job)} is active (${job.status}): ${way}`;
}
