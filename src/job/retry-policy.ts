/** When a transient error is tried again: full jitter over an exponential base, slower for exhausted quotas. */
import type { TransientError } from './errors.ts';
import type { Reason } from './reason.ts';

const MAX_DELAY_MS = 10 * 60_000;
const RECENTLY_WRITTEN_DELAY_MS = 30 * 60_000;
/** A daily or hourly quota refills slowly, so quota_exceeded starts this much higher than a rate limit does. */
const QUOTA_FACTOR = 12;

export type RetryPolicy = { readonly maxRetries: number; readonly retryDelayMs: number };

/** The delay before attempt number `attempts` + 1, or `exhausted` after maxRetries further attempts; random is uniform in [0, 1). */
export function nextRetry(
  policy: RetryPolicy,
  attempts: number,
  error: TransientError,
  random: () => number,
): { kind: 'retry'; delayMs: number } | { kind: 'exhausted' } {
  if (attempts > policy.maxRetries) return { kind: 'exhausted' };
  const delayMs = Math.max(
    backoffMs(policy.retryDelayMs, attempts, error.reason, random),
    error.retryAfterMs ?? 0,
  );
  return { kind: 'retry', delayMs };
}

/** Full jitter over retryDelayMs · 2^(attempts-1), capped at ten minutes (spec.md §6); 30 minutes at least for rows BigQuery will not modify yet. */
export function backoffMs(
  retryDelayMs: number,
  attempts: number,
  reason: Reason,
  random: () => number,
): number {
  const factor = reason === 'quota_exceeded' ? QUOTA_FACTOR : 1;
  const ceilingMs = Math.min(MAX_DELAY_MS, retryDelayMs * factor * 2 ** Math.max(0, attempts - 1));
  const jittered = Math.round(random() * ceilingMs);
  return reason === 'recently_written' ? RECENTLY_WRITTEN_DELAY_MS + jittered : jittered;
}
