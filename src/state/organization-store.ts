/** The organizations and their configuration. */
import type { Organization } from '../job/organization.ts';
import type { Database } from './database.ts';
import { OrganizationRow } from './entities/organization-row.ts';
import type { OrganizationChange } from './organization-change.ts';
import { eraseOrganization, type EraseOutcome } from './erase-organization.ts';
import { activeJob, findOrganization, stillActive } from './organization-queries.ts';
import { organizationRecord } from './organization-record.ts';
import {
  pauseAll,
  resumeAll,
  setPaused,
  type ChangeAllOptions,
  type PauseOutcome,
} from './pause-organizations.ts';
import { lockOrganization } from './transitions/locked-job.ts';
import { setOrganization, type SetOutcome } from './transitions/set-organization.ts';

export type { SetOutcome } from './transitions/set-organization.ts';
export type { OrganizationChange } from './organization-change.ts';

/** What became of a removal. */
export type RemoveOutcome =
  | { readonly kind: 'removed' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly why: string };

/** Every method is one transaction, or changes nothing. */
export type OrganizationStore = {
  find(organizationId: string): Promise<Organization | undefined>;
  /** By name. */
  list(): Promise<Organization[]>;
  /** Inserts or updates as a whole or not at all. */
  set(change: OrganizationChange): Promise<SetOutcome>;
  /** A paused organization starts no job; what is decided is still rolled forward. */
  pause(organizationId: string): Promise<PauseOutcome>;
  resume(organizationId: string): Promise<PauseOutcome>;
  /** Pauses every organization that is not paused yet and returns them as they were. */
  pauseAll(options?: ChangeAllOptions): Promise<Organization[]>;
  /** Resumes what pauseAll() has paused and returns it as it was; what was paused by itself stays paused. */
  resumeAll(options?: ChangeAllOptions): Promise<Organization[]>;
  /** Refused while a job is active. Its jobs stay on record; those still queued will fail with unknown_organization. */
  remove(organizationId: string): Promise<RemoveOutcome>;
  /** Deletes what is recorded of an organization that was removed, but for the audit log, or only counts it; many small transactions. */
  erase(organizationId: string, options: { readonly dryRun: boolean }): Promise<EraseOutcome>;
};

/** The organization store of a database. */
export function createOrganizationStore(database: Database): OrganizationStore {
  return {
    find: (organizationId) =>
      database.read(async (session) => {
        const row = await findOrganization(session, organizationId);
        return row && organizationRecord(row);
      }),
    list: () =>
      database.read(async ({ manager }) => {
        const query = manager.createQueryBuilder(OrganizationRow, 'organization');
        return (await query.orderBy('organization.organizationId').getMany()).map(organizationRecord);
      }),
    set: (change) => setOrganization(database, change),
    erase: (organizationId, options) => eraseOrganization(database, organizationId, options),
    pause: (organizationId) => setPaused(database, organizationId, true),
    resume: (organizationId) => setPaused(database, organizationId, false),
    pauseAll: (options) => pauseAll(database, options),
    resumeAll: (options) => resumeAll(database, options),
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
