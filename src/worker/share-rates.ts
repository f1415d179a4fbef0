/** Divides limits that hold for all replicas together among those that live. */
import { jittered } from '../job/clock.ts';
import type { BackgroundTask } from './worker.ts';

/** Counts the live replicas once in each lease, until the worker drains. A replica that died keeps its share until its lease has run out. */
export function shareRates(rates: { shareAmong(workers: number): void }): BackgroundTask {
  return async ({ services, settings }, signal) => {
    while (!signal.aborted) {
      const workers = await services.state.countLiveWorkers().catch(() => undefined);
      // Without an answer the last share stands; the heartbeat tells of a database that is away.
      if (workers !== undefined) rates.shareAmong(workers);
      await services.clock.sleep(jittered(settings.leaseMs, 0.1, services.random), signal);
    }
  };
}
