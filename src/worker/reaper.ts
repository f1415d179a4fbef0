/** Republishes jobs whose message nobody holds any more, so that a lost message cannot lose a job. */
import { whileElected } from './elected-task.ts';
import type { WorkerContext } from './worker-context.ts';

const MAX_JOBS_A_ROUND = 100;

/** The elected replica looks once every two leases until the signal aborts; should two look, each silent job is won by one, by compare-and-set. */
export function reapSilentJobs(context: WorkerContext, signal: AbortSignal): Promise<void> {
  const silentMs = 2 * context.settings.leaseMs;
  return whileElected(context, signal, { everyMs: silentMs, share: 0.25 }, () =>
    republishSilent(context, silentMs),
  );
}

async function republishSilent(context: WorkerContext, silentMs: number): Promise<void> {
  const { services, publisher, observer } = context;
  try {
    for (const job of await services.state.jobs.claimSilent(silentMs, MAX_JOBS_A_ROUND)) {
      await publisher.publishJob(job);
      observer.republished(job);
    }
  } catch (error) {
    // A job marked as seen but not published is silent again after two leases.
    observer.trouble(
      `looking for jobs without a message failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
