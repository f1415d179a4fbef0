/** Tries a single call again for a moment, so that a hiccup of the service does not cost a job an attempt. */
import type { Clock, Random } from '../job/clock.ts';
import { TransientError } from '../job/errors.ts';

/** What trying again needs. */
export type Patience = { readonly clock: Clock; readonly random: Random };

const TRIES = 4;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 4_000;

/** Full jitter over an exponential base, for the given number of failures so far (1 for the first). */
export function briefDelayMs(failures: number, random: Random): number {
  return random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
}

/** The call's result; an unavailable or rate-limited service is asked up to four times within a few seconds, any other error is thrown at once. */
export async function patiently<T>({ clock, random }: Patience, call: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (failures === TRIES || !isBrief(error)) throw error;
      await clock.sleep(briefDelayMs(failures, random));
    }
  }
}

function isBrief(error: unknown): boolean {
  return (
    error instanceof TransientError &&
    (error.reason === 'warehouse_unavailable' || error.reason === 'rate_limited')
  );
}
