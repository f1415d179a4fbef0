/** A token bucket for one kind of call that BigQuery counts: calls wait for their turn, and come more slowly after a refusal. */
import type { Clock } from '../job/clock.ts';
import { TransientError } from '../job/errors.ts';

/** Calls a second over all workers, and how many may come at once after a quiet time. */
export type RateLimit = { readonly perSecond: number; readonly burst: number };

/** Told of each call that had to wait, and of each refusal that slowed further calls down. */
export type RateObserver = { waited(ms: number): void; slowed(): void };

/** Calls that are refused at the same time say one thing, once. */
const ONE_REFUSAL_MS = 10_000;
const RECOVERY_MS = 60_000;
const SLOWEST = 1 / 64;

/** This process's share of a rate; waiting calls are let through in the order in which they came. */
export class CallRate {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #observer: RateObserver;
  #workers = 1;
  /** Negative while calls wait: each has taken its token in advance. */
  #tokens: number;
  #countedAtMs: number;
  #speed = 1;
  #speedSetAtMs = -Infinity;

  constructor(limit: RateLimit, clock: Clock, observer: RateObserver) {
    this.#limit = limit;
    this.#clock = clock;
    this.#observer = observer;
    this.#tokens = limit.burst;
    this.#countedAtMs = clock.nowMs();
  }

  /** From now on the limit is divided among so many processes. */
  shareAmong(workers: number): void {
    this.#count();
    this.#workers = Math.max(1, workers);
    this.#tokens = Math.min(this.#tokens, this.#burst());
  }

  /** Makes the call in its turn; when BigQuery says that there were too many, further calls come at half the rate for a while. */
  async paced<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await call();
    } catch (error) {
      if (isTooMany(error)) this.#slowDown();
      throw error;
    }
  }

  /** Throws the signal's reason when it aborts first: the token is there for somebody else then. */
  async #turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#count();
    this.#tokens -= 1;
    if (this.#tokens >= 0) return;
    const waitMs = -this.#tokens / this.#perMs();
    this.#observer.waited(waitMs);
    await this.#clock.sleep(waitMs, signal);
    if (!signal?.aborted) return;
    this.#tokens += 1;
    throw signal.reason;
  }

  #slowDown(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#speedSetAtMs < ONE_REFUSAL_MS) return;
    this.#count();
    this.#speed = Math.max(SLOWEST, this.#speed / 2);
    this.#speedSetAtMs = nowMs;
    // What was saved up was saved up at a rate that proved too high.
    this.#tokens = Math.min(this.#tokens, 0);
    this.#observer.slowed();
  }

  /** Adds the tokens of the time since the last count. */
  #count(): void {
    const nowMs = this.#clock.nowMs();
    this.#tokens = Math.min(this.#burst(), this.#tokens + (nowMs - this.#countedAtMs) * this.#perMs());
    this.#countedAtMs = nowMs;
    const quietSteps = Math.floor((nowMs - this.#speedSetAtMs) / RECOVERY_MS);
    if (this.#speed === 1 || quietSteps === 0) return;
    this.#speed = Math.min(1, this.#speed * 2 ** quietSteps);
    this.#speedSetAtMs = nowMs;
  }

  #perMs(): number {
    return (this.#limit.perSecond * this.#speed) / this.#workers / 1_000;
  }

  #burst(): number {
    return Math.max(1, this.#limit.burst / this.#workers);
  }
}

function isTooMany(error: unknown): boolean {
  return (
    error instanceof TransientError && (error.reason === 'rate_limited' || error.reason === 'quota_exceeded')
  );
}
