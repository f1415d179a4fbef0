/** How long a run has shown no sign of life, and when that is too long. */

/** So many leases a run has to stop once it was asked to. */
const LEASES_TO_STOP = 5;

/** `stalled`: it should be asked to stop; `stuck`: it was, and did not. */
export type RunVerdict = 'fine' | 'stalled' | 'stuck';

/** Adds up the time between looks, of which none counts for more than a lease: a process that was stopped, or a machine that slept, has not waited. */
export class RunPatience {
  readonly #noProgressTimeoutMs: number;
  readonly #leaseMs: number;
  #lookedMs: number;
  #stillMs = 0;

  constructor(nowMs: number, leaseMs: number, noProgressTimeoutMs: number) {
    this.#lookedMs = nowMs;
    this.#leaseMs = leaseMs;
    this.#noProgressTimeoutMs = noProgressTimeoutMs;
  }

  /** The run has begun or ended a step or a batch, or was answered. */
  moved(): void {
    this.#stillMs = 0;
  }

  look(nowMs: number): RunVerdict {
    this.#stillMs += Math.min(nowMs - this.#lookedMs, this.#leaseMs);
    this.#lookedMs = nowMs;
    if (this.#stillMs < this.#noProgressTimeoutMs) return 'fine';
    return this.#stillMs < this.#noProgressTimeoutMs + LEASES_TO_STOP * this.#leaseMs ? 'stalled' : 'stuck';
  }
}
