/** Republishes running jobs once their worker has let its lease run out: the message it held comes back only after its own deadline. */
import { messageOf } from '../job/errors.ts';
import { republish } from './ring-doorbell.ts';
import type { WorkerContext } from './worker-context.ts';

const MAX_JOBS_A_ROUND = 100;
/** Replicas come one after the other, so that mostly one of them finds a job. */
const SPREAD_MS = 500;

/**
 * Looks whenever a lease may have run out, and every half lease, until the signal aborts. Every replica does: the elected
 * one may be the one that died. Each job is won by one replica, by compare-and-set; what is lost of that the reaper makes up for.
 */
export async function republishAbandonedJobs(context: WorkerContext, signal: AbortSignal): Promise<void> {
  const { services, settings, observer } = context;
  const { clock, random, state } = services;
  // Whoever claims a job after this look holds it longer than that.
  const patienceMs = settings.leaseMs / 2;
  // After two leases the reaper rings for every job that nobody has seen.
  const untilReapedMs = 2 * settings.leaseMs;
  const round = async (): Promise<number> => {
    const { won, nextDueInMs = patienceMs } = await state.jobs.claimAbandoned(
      untilReapedMs,
      MAX_JOBS_A_ROUND,
    );
    await republish(context, won);
    return Math.min(nextDueInMs, patienceMs);
  };
  for (let waitMs = patienceMs * random(); ;) {
    await clock.sleep(waitMs + SPREAD_MS * random(), signal);
    if (signal.aborted) return;
    waitMs = await round().catch((error: unknown) => {
      observer.trouble(`looking for jobs whose worker is gone failed: ${messageOf(error)}`);
      return patienceMs;
    });
  }
}
