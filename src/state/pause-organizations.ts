/** Pauses and resumes organizations: one, or all of them at once. */
import type { Organization } from '../job/organization.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { OrganizationRow } from './entities/organization-row.ts';
import { rereadOrganization } from './organization-queries.ts';
import { organizationRecord } from './organization-record.ts';
import { lockOrganization } from './transitions/locked-job.ts';

/** The organization as it is now, or that nobody knows it. */
export type PauseOutcome =
  { readonly kind: 'done'; readonly organization: Organization } | { readonly kind: 'not_found' };

/** With dryRun nothing changes. */
export type ChangeAllOptions = { readonly dryRun?: boolean };

/** Pauses or resumes one organization, whoever paused it. */
export function setPaused(
  database: Database,
  organizationId: string,
  paused: boolean,
): Promise<PauseOutcome> {
  return database.transaction(async (session) => {
    const row = await lockOrganization(session, organizationId);
    if (!row) return { kind: 'not_found' };
    await change(session, [row], { paused, pausedWithAll: false });
    return { kind: 'done', organization: await rereadOrganization(session, organizationId) };
  });
}

/** Pauses every organization that is not paused yet, in one transaction, and returns them as they were, by name. */
export function pauseAll(database: Database, options: ChangeAllOptions = {}): Promise<Organization[]> {
  return changeAll(database, 'organization.paused = :flag', false, options);
}

/** Resumes those that pauseAll() has paused and nobody has paused or resumed since; returns them as they were, by name. */
export function resumeAll(database: Database, options: ChangeAllOptions = {}): Promise<Organization[]> {
  return changeAll(database, 'organization.pausedWithAll = :flag', true, options);
}

/** Those whose flag is as given get both flags the other way round. */
function changeAll(
  database: Database,
  condition: string,
  flag: boolean,
  { dryRun = false }: ChangeAllOptions,
): Promise<Organization[]> {
  return database.transaction(async (session) => {
    const query = session.manager
      .createQueryBuilder(OrganizationRow, 'organization')
      .where(condition, { flag })
      .orderBy('organization.organizationId');
    const rows = await session.dialect.locking(query).getMany();
    if (!dryRun) await change(session, rows, { paused: !flag, pausedWithAll: !flag });
    return rows.map(organizationRecord);
  });
}

async function change(
  session: Session,
  rows: readonly OrganizationRow[],
  flags: Pick<OrganizationRow, 'paused' | 'pausedWithAll'>,
): Promise<void> {
  if (rows.length === 0) return;
  await session.manager
    .createQueryBuilder()
    .update(OrganizationRow)
    .set({ ...flags, updatedAt: await databaseNow(session) })
    .where('id IN (:...ids)', { ids: rows.map(({ id }) => id) })
    .execute();
}
