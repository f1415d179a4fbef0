/** Deletes what is older than the retention: steps, batches and dead letters; job keys are kept for ever. */
import { jittered } from '../job/clock.ts';
import type { BackgroundTask } from './worker.ts';

const EVERY_MS = 60 * 60_000;

/** Prunes once an hour, not in step with other replicas; a round that fails is made up by the next. */
export function pruneBeyond(retentionDays: number): BackgroundTask {
  return async ({ services, observer }, signal) => {
    const { clock, random, state } = services;
    for (;;) {
      await clock.sleep(jittered(EVERY_MS, 0.5, random), signal);
      if (signal.aborted) return;
      await state.prune(retentionDays).catch((error: unknown) => {
        observer.trouble(
          `pruning old records failed: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    }
  };
}
