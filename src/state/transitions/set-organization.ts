/** Makes an organization or changes its configuration, as a whole or not at all. */
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import { isDuplicate } from '../database-errors.ts';
import { databaseNow, type Database, type Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { insertRows } from '../insert-rows.ts';
import {
  changedColumns,
  identityChanges,
  newColumns,
  type ConfigurationColumns,
  type OrganizationChange,
} from '../organization-change.ts';
import { activeJob, rereadOrganization, stillActive } from '../organization-queries.ts';
import { violations } from '../organization-rules.ts';
import { lockOrganization } from './locked-job.ts';

/** The organization as it is now, or everything that speaks against the change. */
export type SetOutcome =
  | { readonly kind: 'created' | 'updated'; readonly organization: Organization }
  | { readonly kind: 'refused'; readonly why: string };

/** Sets the configuration, or says why it is refused. Of two processes that set the same at once, the second finds what the first has written. */
export async function setOrganization(database: Database, change: OrganizationChange): Promise<SetOutcome> {
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
    pausedWithAll: false,
    lastSuccessfulRun: watermark?.kind === 'since' ? watermark.at : null,
    activeJob: null,
    createdAt: now,
    updatedAt: now,
  });
  return { kind: 'created', organization: await rereadOrganization(session, organizationId) };
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
  return { kind: 'updated', organization: await rereadOrganization(session, organizationId) };
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

function refused(why: string): SetOutcome {
  return { kind: 'refused', why };
}
