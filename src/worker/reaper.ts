/** Republishes jobs whose message nobody holds any more, so that a lost message cannot lose a job. */
import { jittered } from '../job/clock.ts';
import type { WorkerContext } from './worker-context.ts';

const MAX_JOBS_A_ROUND = 100;

/** Looks once every two leases until the signal aborts; each silent job is won by one replica, by compare-and-set. */
export async function reapSilentJobs(context: WorkerContext, signal: AbortSignal): Promise<void> {
  const { settings, services } = context;
  const silentMs = 2 * settings.leaseMs;
  for (;;) {
    await services.clock.sleep(jittered(silentMs, 0.25, services.random), signal);
    if (signal.aborted) return;
    await republishSilent(context, silentMs);
  }
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
