/** Work that one replica does for all of them: the one the database says is elected, and another within two leases once that is gone. */
import { jittered } from '../job/clock.ts';
import type { WorkerContext } from './worker-context.ts';

/** How often, and by which share not in step with others. */
export type Rhythm = { readonly everyMs: number; readonly share: number };

/**
 * Does the work, which never rejects, every so often while this replica is elected, until the signal aborts. A replica that
 * is not looks again every half lease and begins at once when it is its turn. Two may believe to be elected for a moment, so
 * the work itself must bear that.
 */
export async function whileElected(
  { services: { clock, random, state }, settings }: WorkerContext,
  signal: AbortSignal,
  { everyMs, share }: Rhythm,
  work: () => Promise<void>,
): Promise<void> {
  const isElected = async (): Promise<boolean> =>
    (await state.electedWorker().catch(() => undefined)) === settings.owner;
  for (let waitMs = jittered(everyMs, share, random); ;) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    const elected = await isElected();
    if (elected) await work();
    waitMs = jittered(elected ? everyMs : Math.min(everyMs, settings.leaseMs / 2), share, random);
  }
}
