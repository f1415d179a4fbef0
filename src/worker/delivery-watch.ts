/** Renews a connection that is open, answers, and brings nothing, at once where the database says that something should come. */
import { jittered } from '../job/clock.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * Looks once a lease, so the reaper has published what waits at least twice by then. Whoever holds a message rings its
 * job's doorbell three times a lease, so a job unseen for a whole one is held by nobody.
 */
const LOOKS = 5;
/** Of a message that no replica was ever sent the database knows nothing. Google's own clients renew their streams every 15 minutes. */
const QUIET_LOOKS = 20;

/**
 * Watches until the signal aborts. A replica is suspicious when at five looks some job waited unseen, though this replica was
 * connected, had room, and was sent nothing since the first of them; after twenty looks without any message nothing else need
 * speak against the connection. A new one costs nothing where that was wrong.
 */
export async function watchDeliveries(context: WorkerContext, signal: AbortSignal): Promise<void> {
  const { services, settings, deliveries, held, observer } = context;
  let arrivals = held.arrivals;
  let [unseen, quiet] = [0, 0];
  for (;;) {
    await services.clock.sleep(jittered(settings.leaseMs, 0.1, services.random), signal);
    if (signal.aborted) return;
    if (held.arrivals > arrivals || !couldTake(context)) [unseen, quiet] = [0, 0];
    else {
      quiet += 1;
      unseen += (await someJobIsUnseen(context)) ? 1 : 0;
    }
    arrivals = held.arrivals;
    if (unseen < LOOKS && quiet < QUIET_LOOKS) continue;
    if (unseen >= LOOKS)
      observer.trouble(
        `no message has arrived for ${LOOKS} leases although jobs wait for theirs; the connection is renewed`,
      );
    deliveries.renew?.(`no message has arrived for ${quiet} leases`);
    [unseen, quiet] = [0, 0];
  }
}

function couldTake({ deliveries, held, settings }: WorkerContext): boolean {
  const hasRoom = held.size < settings.maxConcurrentJobs + settings.parkedLimit;
  return deliveries.connection().connected && hasRoom;
}

/** A database that does not answer says nothing. */
function someJobIsUnseen({ services, settings }: WorkerContext): Promise<boolean> {
  return services.state.jobs.anySilent(settings.leaseMs).catch(() => false);
}
