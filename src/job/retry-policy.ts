/** When an error is tried again: full jitter over an exponential base, slower for exhausted quotas, longer for outages of the service. */
import type { TransientError } from './errors.ts';
import type { Reason } from './reason.ts';

const MAX_DELAY_MS = 10 * 60_000;
const RECENTLY_WRITTEN_DELAY_MS = 30 * 60_000;
/** A daily or hourly quota refills slowly, so quota_exceeded starts this much higher than a rate limit does. */
const QUOTA_FACTOR = 12;

/** What is wrong with the service is no fault of the job, and ends by itself. */
const OUTAGES: ReadonlySet<Reason> = new Set(['warehouse_unavailable', 'rate_limited', 'quota_exceeded']);
/** Beyond maxRetries: 90 minutes at least with the default RETRY_DELAY, since none of them is short. */
const OUTAGE_RETRIES = 18;
/** Ten minutes with the default RETRY_DELAY. */
const OUTAGE_FACTOR = 120;
/** Half a minute at most with the default RETRY_DELAY: a changed role takes effect within a minute or two. */
const RECHECK_FACTOR = 6;

export type RetryPolicy = { readonly maxRetries: number; readonly retryDelayMs: number };

/**
 * The delay before attempt number `attempts` + 1, or `exhausted` after maxRetries further attempts; random is uniform in
 * [0, 1). An outage of the service is waited out for 18 attempts more, unless no attempt is wanted at all.
 */
export function nextRetry(
  policy: RetryPolicy,
  attempts: number,
  error: TransientError,
  random: () => number,
): { kind: 'retry'; delayMs: number } | { kind: 'exhausted' } {
  const { maxRetries, retryDelayMs } = policy;
  const retry = (delayMs: number) =>
    ({ kind: 'retry', delayMs: Math.max(delayMs, error.retryAfterMs ?? 0) }) as const;
  if (attempts <= maxRetries) return retry(backoffMs(retryDelayMs, attempts, error.reason, random));
  const sitsOut = maxRetries > 0 && OUTAGES.has(error.reason) && attempts <= maxRetries + OUTAGE_RETRIES;
  return sitsOut ? retry(patientMs(retryDelayMs, OUTAGE_FACTOR, random)) : { kind: 'exhausted' };
}

/** Full jitter over retryDelayMs · 2^(attempts-1), capped at ten minutes (spec.md §6); 30 minutes at least for rows BigQuery will not modify yet. */
function backoffMs(retryDelayMs: number, attempts: number, reason: Reason, random: () => number): number {
  return jitteredMs(retryDelayMs * 2 ** Math.max(0, attempts - 1), reason, random);
}

/**
 * The delay before a decided job is tried again, without end: full jitter over the time it has been tried for already, which
 * doubles that time at most, capped at ten minutes.
 */
export function decidedBackoffMs(
  retryDelayMs: number,
  triedForMs: number,
  reason: Reason,
  random: () => number,
): number {
  return jitteredMs(Math.max(retryDelayMs, triedForMs), reason, random);
}

/** The delay before a refusal is believed: never at once. */
export function recheckMs(retryDelayMs: number, random: () => number): number {
  return patientMs(retryDelayMs, RECHECK_FACTOR, random);
}

function jitteredMs(ceilingMs: number, reason: Reason, random: () => number): number {
  const factor = reason === 'quota_exceeded' ? QUOTA_FACTOR : 1;
  const jittered = Math.round(random() * Math.min(MAX_DELAY_MS, ceilingMs * factor));
  return reason === 'recently_written' ? RECENTLY_WRITTEN_DELAY_MS + jittered : jittered;
}

/** Half of the ceiling is certain: full jitter could use many attempts up within seconds. */
function patientMs(retryDelayMs: number, factor: number, random: () => number): number {
  return Math.round(Math.min(MAX_DELAY_MS, retryDelayMs * factor) * (0.5 + random() / 2));
}
