/** Time and chance as the core sees them, so that a simulation can hand in its own. */

/** A monotonic clock with timers; never used for leases or windows, whose times come from the database and the source. */
export type Clock = {
  /** Milliseconds since an arbitrary start; never goes backwards. */
  nowMs(): number;
  /** Resolves after the delay, or at once when the signal aborts; never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
};

/** The answer, or an error with these words when there is none in time; the signal says that nobody waits any more. */
export async function answeredWithin<T>(
  clock: Clock,
  patienceMs: number,
  silence: string,
  ask: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const silent = clock.sleep(patienceMs, over.signal).then(() => {
    throw new Error(silence);
  });
  silent.catch(() => undefined);
  try {
    return await Promise.race([ask(over.signal), silent]);
  } finally {
    // With a reason of our own: the default one is an exception with a stack, made for every answer.
    over.abort('nobody waits any more');
  }
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** The delay, longer or shorter by at most the share, so that replicas do not act in step. */
export function jittered(delayMs: number, share: number, random: Random): number {
  return delayMs * (1 + share * (2 * random() - 1));
}
