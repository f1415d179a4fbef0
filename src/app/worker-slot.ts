/** Announces this worker; on an SQLite file, where one worker is all there can be, waits for a dead one's slot to run out. */
import { formatInstant } from '../job/instant.ts';
import type { Logger } from '../observability/logger.ts';
import type { State } from '../state/open-state.ts';
import type { WorkerSettings } from '../worker/worker-context.ts';
import { processClock } from './process-clock.ts';

const CHECK_MS = 1_000;

/** False when another worker lives on the file, which shows by its renewing the slot, or when the signal aborts. */
export async function takeWorkerSlot(
  state: State,
  { owner, leaseMs }: WorkerSettings,
  logger: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  let seen: { readonly owner: string; readonly leaseExpiresAt: bigint } | undefined;
  while (!signal.aborted) {
    const outcome = await state.claimWorkerSlot(owner, leaseMs);
    if (outcome.kind === 'granted') return true;
    if (seen?.owner === outcome.owner && outcome.leaseExpiresAt > seen.leaseExpiresAt) {
      logger.error(
        `worker ${outcome.owner} runs on this SQLite file; a second one needs a MySQL database (DB_HOST) or a file of its own (SQLITE_PATH)`,
      );
      return false;
    }
    if (!seen) {
      logger.warn('another worker used this SQLite file; taking over once its slot has run out', {
        owner: outcome.owner,
        runs_out_at: formatInstant(outcome.leaseExpiresAt),
      });
    }
    seen = outcome;
    await processClock.sleep(CHECK_MS, signal);
  }
  return false;
}
