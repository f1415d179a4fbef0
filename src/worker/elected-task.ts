/** Work that one replica does for all of them: the one the database says is elected, and another within two leases once that is gone. */
import { jittered } from '../job/clock.ts';
import { messageOf } from '../job/errors.ts';
import type { WorkerContext } from './worker-context.ts';

/** How often, by which share not in step with others, and what is done, as its failure is told. */
export type Round = { readonly everyMs: number; readonly share: number; readonly doing: string };

/**
 * Does the work every so often while this replica is elected, until the signal aborts; a round that fails is told and made up
 * for by the next. A replica that is not elected looks again every half lease and begins at once when it is its turn. Two may
 * believe to be elected for a moment, so the work itself must bear that.
 */
export async function whileElected(
  { services: { clock, random, state }, settings, observer }: WorkerContext,
  signal: AbortSignal,
  { everyMs, share, doing }: Round,
  work: () => Promise<unknown>,
): Promise<void> {
  const isElected = async (): Promise<boolean> =>
    (await state.electedWorker().catch(() => undefined)) === settings.owner;
  for (let waitMs = jittered(everyMs, share, random); ;) {
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    const elected = await isElected();
    if (elected)
      await work().catch((error: unknown) => observer.trouble(`${doing} failed: ${messageOf(error)}`));
    waitMs = jittered(elected ? everyMs : Math.min(everyMs, settings.leaseMs / 2), share, random);
  }
}
