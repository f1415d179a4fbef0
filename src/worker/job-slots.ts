/** The job slots of this process: so many jobs at once, or one that has them all. */
import pLimit, { type LimitFunction } from 'p-limit';

/** Work waits in order of arrival, so work that needs every slot holds up what comes after it and is never starved. */
export class JobSlots {
  readonly #limit: LimitFunction;
  readonly #count: number;

  constructor(count: number) {
    this.#limit = pLimit(count);
    this.#count = count;
  }

  /** Does the work, which never rejects, once a slot is free. */
  run(work: () => Promise<void>): void {
    // Not awaited: what waits never resolves when it is dropped by clear().
    void this.#limit(work);
  }

  /** Does the work, which never rejects, while nothing else runs. */
  runAlone(work: () => Promise<void>): void {
    const taken = Array.from({ length: this.#count }, () => this.#take());
    void Promise.all(taken).then(async (releases) => {
      await work();
      releases.forEach((release) => release());
    });
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#limit.clearQueue();
  }

  #take(): Promise<() => void> {
    return new Promise((taken) => {
      this.run(() => new Promise<void>((release) => taken(release)));
    });
  }
}
