// Waiting for a condition instead of sleeping, and names that no other test uses.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

type NotYet = undefined | null | false;

interface Patience {
  /** How long to wait before giving up, in milliseconds (default 30 000). */
  timeoutMs?: number;
  /** What is awaited, as the end of the sentence "waited 30 s for …"; a function may add what was last seen. */
  describe: string | (() => string);
}

/**
 * Resolves with the first value of `condition` that is not undefined, null or false; a condition that throws counts as
 * not yet true. Rejects after `timeoutMs` with an error that says what was awaited, caused by the last exception.
 */
export async function eventually<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  { timeoutMs = 30_000, describe }: Patience,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  // Quick at first, because most waits are short; slower later, so that a long wait leaves the processor alone.
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 200)) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() + pauseMs > deadlineMs) break;
    await delay(pauseMs);
  }
  const awaited = typeof describe === 'string' ? describe : describe();
  const reason = lastError instanceof Error ? `; last error: ${lastError.message}` : '';
  throw new Error(`waited ${timeoutMs / 1000} s for ${awaited}${reason}`, { cause: lastError });
}

/** A name of `prefix` and ten random characters that is valid for a dataset, topic, database and organization alike. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString('hex')}`;
}
