/** Republishes jobs whose message nobody holds any more, so that a lost message cannot lose a job. */
import { whileElected } from './elected-task.ts';
import { republish } from './ring-doorbell.ts';
import type { WorkerContext } from './worker-context.ts';

const MAX_JOBS_A_ROUND = 100;

/** The elected replica looks once every two leases until the signal aborts; should two look, each silent job is won by one, by compare-and-set. */
export function reapSilentJobs(context: WorkerContext, signal: AbortSignal): Promise<void> {
  const silentMs = 2 * context.settings.leaseMs;
  const round = { everyMs: silentMs, share: 0.25, doing: 'looking for jobs without a message' };
  return whileElected(context, signal, round, () => republishSilent(context, silentMs));
}

/** A job marked as seen but not published is silent again after two leases. */
async function republishSilent(context: WorkerContext, silentMs: number): Promise<void> {
  await republish(context, await context.services.state.jobs.claimSilent(silentMs, MAX_JOBS_A_ROUND));
}
