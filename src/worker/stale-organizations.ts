/** Notices organizations whose copy falls behind while nothing runs for them, which no failed job would tell. */
import { jittered } from '../job/clock.ts';
import { formatInstant, MICROS_PER_MS, type Micros } from '../job/instant.ts';
import type { Organization } from '../job/organization.ts';
import type { BackgroundTask } from './worker.ts';

const EVERY_MS = 15 * 60_000;
const AGAIN_AFTER_MS = 24 * 60 * 60_000;

/**
 * Alerts, once a day and organization, when the watermark is older than afterMs while no job is active. Paused
 * organizations are left alone, and one that has never been copied counts from when it was added.
 */
export function watchStaleOrganizations(afterMs: number): BackgroundTask {
  return async ({ services, observer }, signal) => {
    const { clock, random, state } = services;
    for (;;) {
      await clock.sleep(jittered(EVERY_MS, 0.3, random), signal);
      if (signal.aborted) return;
      try {
        const before = (await state.now()) - BigInt(Math.round(afterMs)) * MICROS_PER_MS;
        for (const organization of await state.organizations.list()) {
          if (!isStale(organization, before)) continue;
          const { organizationId } = organization;
          const alert = { kind: 'stale_organization', key: { organizationId } } as const;
          await state.alerts.recordUnlessWithin(AGAIN_AFTER_MS, {
            ...alert,
            message: staleText(organization),
          });
        }
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        observer.trouble(`looking for organizations that fall behind failed: ${why}`);
      }
    }
  };
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
