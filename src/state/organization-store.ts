/** The organizations and their configuration. */
import { jobName } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import { tableName } from '../job/table-ref.ts';
import { isDuplicate } from './database-errors.ts';
import { databaseNow, type Database, type Session } from './database.ts';
import { JobRow } from './entities/job-row.ts';
import { OrganizationRow } from './entities/organization-row.ts';
import { insertRows } from './insert-rows.ts';
import { findJob } from './job-queries.ts';
import {
  changedColumns,
  identityChanges,
  newColumns,
  violations,
  type ConfigurationColumns,
  type OrganizationChange,
} from './organization-change.ts';
import { organizationRecord } from './organization-record.ts';
import { lockOrganization } from './transitions/locked-job.ts';

export type { OrganizationChange } from './organization-change.ts';

export type SetOutcome =
  | { readonly kind: 'created' | 'updated'; readonly organization: Organization }
  | { readonly kind: 'refused'; readonly why: string };
export type PauseOutcome =
  { readonly kind: 'done'; readonly organization: Organization } | { readonly kind: 'not_found' };
export type RemoveOutcome =
  | { readonly kind: 'removed' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly why: string };

export type OrganizationStore = {
  find(organizationId: string): Promise<Organization | undefined>;
  /** By name. */
  list(): Promise<Organization[]>;
  /** Inserts or updates as a whole or not at all. */
  set(change: OrganizationChange): Promise<SetOutcome>;
  /** A paused organization starts no job; what is decided is still rolled forward. */
  pause(organizationId: string): Promise<PauseOutcome>;
  resume(organizationId: string): Promise<PauseOutcome>;
  /** Refused while a job is active. Its jobs stay on record; those still queued will fail with unknown_organization. */
  remove(organizationId: string): Promise<RemoveOutcome>;
};

/** The organization store of a database. */
export function createOrganizationStore(database: Database): OrganizationStore {
  return {
    find: (organizationId) =>
      database.read(async (session) => {
        const row = await find(session, organizationId);
        return row && organizationRecord(row);
      }),
    list: () =>
      database.read(async ({ manager }) => {
        const query = manager.createQueryBuilder(OrganizationRow, 'organization');
        return (await query.orderBy('organization.organizationId').getMany()).map(organizationRecord);
      }),
    set: (change) => setOnceMore(database, change),
    pause: (organizationId) => setPaused(database, organizationId, true),
    resume: (organizationId) => setPaused(database, organizationId, false),
    remove: (organizationId) =>
      database.transaction(async (session) => {
        const row = await lockOrganization(session, organizationId);
        if (!row) return { kind: 'not_found' };
        const active = await activeJob(session, row);
        if (active) return { kind: 'refused', why: stillActive(active) };
        await session.manager.delete(OrganizationRow, { id: row.id });
        return { kind: 'removed' };
      }),
  };
}

/** Two processes that set the same thing at the same time: the second finds what the first has written. */
async function setOnceMore(database: Database, change: OrganizationChange): Promise<SetOutcome> {
  const attempt = () => database.transaction((session) => set(session, change));
  try {
    return await attempt();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return attempt();
  }
}

async function set(session: Session, change: OrganizationChange): Promise<SetOutcome> {
  const row = await lockOrganization(session, change.organizationId);
  const wanted = row ? { columns: { ...row, ...changedColumns(change) } } : newColumns(change);
  if ('missing' in wanted) return refused(`a new organization needs a ${wanted.missing.join(' and a ')}`);
  const { columns } = wanted;
  const wrong = violations(change.organizationId, columns);
  if (wrong.length > 0) return refused(wrong.join('; '));
  const owner = await destinationOwner(session, change.organizationId, columns);
  if (owner !== undefined)
    return refused(
      `the destination ${tableName(destinationOf(columns))} belongs to organization ${owner} already`,
    );
  return row ? update(session, row, columns, change) : create(session, columns, change);
}

async function create(
  session: Session,
  columns: ConfigurationColumns,
  { organizationId, watermark }: OrganizationChange,
): Promise<SetOutcome> {
  const now = await databaseNow(session);
  await insertRows(session, OrganizationRow, {
    ...columns,
    organizationId,
    lastSuccessfulRun: watermark?.kind === 'since' ? watermark.at : null,
    activeJob: null,
    createdAt: now,
    updatedAt: now,
  });
  return { kind: 'created', organization: await reread(session, organizationId) };
}

async function update(
  session: Session,
  row: OrganizationRow,
  columns: ConfigurationColumns,
  change: OrganizationChange,
): Promise<SetOutcome> {
  const { organizationId, watermark } = change;
  const changes = identityChanges(row, columns);
  const meaningMoves = changes.length > 0 || watermark?.kind === 'since';
  const active = meaningMoves ? await activeJob(session, row) : undefined;
  if (active) return refused(stillActive(active));
  if (changes.length > 0 && watermark === undefined)
    return refused(
      `changing the ${changes.join(', ')} of ${organizationId} needs a word about the watermark: --since T or --keep-watermark`,
    );
  const moved = watermark?.kind === 'since' ? { lastSuccessfulRun: watermark.at } : {};
  const updatedAt = await databaseNow(session);
  await session.manager.update(
    OrganizationRow,
    { id: row.id },
    { ...changedColumns(change), ...moved, updatedAt },
  );
  if (meaningMoves) await forgetPlans(session, organizationId);
  return { kind: 'updated', organization: await reread(session, organizationId) };
}

/** Jobs that wait with a plan were planned for what the organization was before. */
async function forgetPlans({ manager }: Session, organizationId: string): Promise<void> {
  await manager
    .createQueryBuilder()
    .update(JobRow)
    .set({ plan: null, planNumber: () => 'plan_number + 1' })
    .where(`organization_id = :organizationId AND status = 'QUEUED' AND plan IS NOT NULL`, { organizationId })
    .execute();
}

function setPaused(database: Database, organizationId: string, paused: boolean): Promise<PauseOutcome> {
  return database.transaction(async (session) => {
    const row = await lockOrganization(session, organizationId);
    if (!row) return { kind: 'not_found' };
    const updatedAt = await databaseNow(session);
    await session.manager.update(OrganizationRow, { id: row.id }, { paused, updatedAt });
    return { kind: 'done', organization: await reread(session, organizationId) };
  });
}

/** The job that keeps the organization locked; one that ended or waits does not. */
async function activeJob(session: Session, row: OrganizationRow): Promise<JobRow | undefined> {
  if (row.activeJob === null) return undefined;
  const job = await findJob(session, { organizationId: row.organizationId, jobId: row.activeJob });
  return job?.status === 'IN_PROGRESS' || job?.status === 'COMMITTING' ? job : undefined;
}

function stillActive(job: JobRow): string {
  const way =
    job.status === 'COMMITTING' ? 'wait until it has ended' : 'wait until it has ended, or cancel it';
  return `job ${jobName(job)} is active (${job.status}): ${way}`;
}

async function destinationOwner(
  { manager }: Session,
  organizationId: string,
  columns: ConfigurationColumns,
): Promise<string | undefined> {
  const owner = await manager
    .createQueryBuilder(OrganizationRow, 'organization')
    .where('organization.organizationId <> :organizationId', { organizationId })
    .andWhere('organization.destinationProject = :project', destinationOf(columns))
    .andWhere('organization.destinationDataset = :dataset AND organization.destinationTable = :table')
    .getOne();
  return owner?.organizationId;
}

function destinationOf(columns: ConfigurationColumns) {
  const { destinationProject: project, destinationDataset: dataset, destinationTable: table } = columns;
  return { project, dataset, table };
}

async function find({ manager }: Session, organizationId: string): Promise<OrganizationRow | undefined> {
  const query = manager
    .createQueryBuilder(OrganizationRow, 'organization')
    .where('organization.organizationId = :organizationId', { organizationId });
  return (await query.getOne()) ?? undefined;
}

async function reread(session: Session, organizationId: string): Promise<Organization> {
  const row = await find(session, organizationId);
  if (!row) throw new Error(`organization ${organizationId} vanished while it was changed`);
  return organizationRecord(row);
}

function refused(why: string): SetOutcome {
  return { kind: 'refused', why };
}
