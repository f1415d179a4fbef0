// Time that passes only when a test says so: hours of leases and deadlines in milliseconds, and the same every time.
import type { Clock } from '../../src/job/clock.ts';
import type { Micros } from '../../src/job/instant.ts';

interface Timer {
  readonly atMs: number;
  fire(): void;
}

/** Where virtual time begins: 2026-01-01T00:00:00Z. */
const EPOCH_MICROS = 1_767_225_600_000_000n;
/** Turns of the event loop after which work that waits for no timer has come to rest. */
const TURNS = 4;
const PATIENCE_MS = 3_600_000;

/** A clock that the test moves; timers fire in order, and all work that needs no time is done between two of them. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: readonly Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  /** The same time as a database tells it. */
  nowMicros(): Micros {
    return EPOCH_MICROS + BigInt(Math.round(this.#nowMs * 1000));
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const fire = (): void => {
        signal?.removeEventListener('abort', fire);
        this.#timers = this.#timers.filter((waiting) => waiting !== timer);
        resolve();
      };
      const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), fire };
      this.#timers = [...this.#timers, timer];
      signal?.addEventListener('abort', fire, { once: true });
    });
  }

  /** Resolves when nothing can go on without time. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets this much time pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.rest();
    while (await this.#step(untilMs));
    this.#nowMs = untilMs;
    await this.rest();
  }

  /** Lets time pass until the condition gives a value that is not undefined, null or false; fails after an hour of it. */
  async until<T>(
    condition: () => T | undefined | null | false | Promise<T | undefined | null | false>,
    describe: string,
    patienceMs = PATIENCE_MS,
  ): Promise<T> {
    const untilMs = this.#nowMs + patienceMs;
    await this.rest();
    for (;;) {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value;
      if (!(await this.#step(untilMs)))
        throw new Error(`${patienceMs / 1000} s of virtual time were not enough for ${describe}`);
    }
  }

  /** Fires the next timer due until then; false when there is none. */
  async #step(untilMs: number): Promise<boolean> {
    // Of those due at one time the first set fires first.
    const next = this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first && first.atMs <= timer.atMs ? first : timer),
      undefined,
    );
    if (!next || next.atMs > untilMs) return false;
    this.#nowMs = next.atMs;
    next.fire();
    await this.rest();
    return true;
  }
}
