/** The process's byte budget: bounds what all runs together hold in memory between reading and acknowledgement. */

/** Bytes set aside for one batch; shrink it once the size is known, release it when the batch is acknowledged or given up. */
export type Reservation = {
  shrinkTo(bytes: number): void;
  /** Safe to repeat. */
  release(): void;
};

/** First come, first served; a reservation larger than the whole budget is granted alone rather than never. */
export class ByteBudget {
  readonly #capacityBytes: number;
  #reservedBytes = 0;
  readonly #waiting: { readonly bytes: number; readonly grant: () => void }[] = [];

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  /** Resolves once the bytes fit; rejects with the signal's reason when it aborts first. */
  async reserve(bytes: number, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    if (this.#waiting.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#reservedBytes += bytes;
    return this.#reservation(bytes);
  }

  #wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
        this.#grantWaiting();
      };
      const waiter = {
        bytes,
        grant: (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #reservation(bytes: number): Reservation {
    let held = bytes;
    const shrinkTo = (target: number): void => {
      if (target >= held) return;
      this.#reservedBytes -= held - target;
      held = target;
      this.#grantWaiting();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }

  #grantWaiting(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#reservedBytes += next.bytes;
      next.grant();
    }
  }

  #fits(bytes: number): boolean {
    return this.#reservedBytes === 0 || this.#reservedBytes + bytes <= this.#capacityBytes;
  }
}
