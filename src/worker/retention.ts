/** Deletes what is older than the retention: steps, batches and dead letters; job keys are kept for ever. */
import { whileElected } from './elected-task.ts';
import type { BackgroundTask } from './worker.ts';

const EVERY_MS = 60 * 60_000;

/** The elected replica prunes once an hour; a round that fails is made up by the next. */
export function pruneBeyond(retentionDays: number): BackgroundTask {
  return (context, signal) =>
    whileElected(context, signal, { everyMs: EVERY_MS, share: 0.5 }, async () => {
      await context.services.state.prune(retentionDays).catch((error: unknown) => {
        context.observer.trouble(
          `pruning old records failed: ${error instanceof Error ? error.message : String(error)}`,
        );
      });
    });
}
