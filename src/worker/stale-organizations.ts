/** Notices organizations whose copy falls behind while nothing runs for them, which no failed job would tell. */
import { formatInstant, MICROS_PER_MS, type Micros } from '../job/instant.ts';
import type { Organization } from '../job/organization.ts';
import type { State } from '../state/open-state.ts';
import { whileElected } from './elected-task.ts';
import type { BackgroundTask } from './worker.ts';

const ROUND = { everyMs: 15 * 60_000, share: 0.3, doing: 'looking for organizations that fall behind' };
const AGAIN_AFTER_MS = 24 * 60 * 60_000;

/**
 * The elected replica alerts, once a day and organization, when the watermark is older than afterMs while no job is active.
 * Paused organizations are left alone, and one that has never been copied counts from when it was added.
 */
export function watchStaleOrganizations(afterMs: number): BackgroundTask {
  return (context, signal) =>
    whileElected(context, signal, ROUND, () => alertOfStale(context.services.state, afterMs));
}

async function alertOfStale(state: State, afterMs: number): Promise<void> {
  const before = (await state.now()) - BigInt(Math.round(afterMs)) * MICROS_PER_MS;
  for (const organization of await state.organizations.list()) {
    if (!isStale(organization, before)) continue;
    const { organizationId } = organization;
    await state.alerts.recordUnlessWithin(AGAIN_AFTER_MS, {
      ...({ kind: 'stale_organization', key: { organizationId } } as const),
      message: staleText(organization),
    });
  }
}

function isStale({ paused, activeJob, watermark, createdAt }: Organization, before: Micros): boolean {
  return !paused && activeJob === undefined && (watermark ?? createdAt) < before;
}

function staleText({ organizationId, watermark, createdAt }: Organization): string {
  const how =
    watermark === undefined
      ? `has been configured since ${formatInstant(createdAt)} and was never copied`
      : `is copied up to ${formatInstant(watermark)} only`;
  return `organization ${organizationId} ${how}, and no job runs for it: is its export still written, and are its jobs enqueued?`;
}
