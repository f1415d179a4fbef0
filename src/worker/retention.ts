/** Deletes what is older than the retention: steps, batches and dead letters; job keys are kept for ever. */
import { whileElected } from './elected-task.ts';
import type { BackgroundTask } from './worker.ts';

const ROUND = { everyMs: 60 * 60_000, share: 0.5, doing: 'pruning old records' };

/** The elected replica prunes once an hour; a round that fails is made up by the next. */
export function pruneBeyond(retentionDays: number): BackgroundTask {
  return (context, signal) =>
    whileElected(context, signal, ROUND, () => context.services.state.prune(retentionDays));
}
