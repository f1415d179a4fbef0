// What happened in one run, as a hash: two runs of one seed are the same run only if every event of theirs is.

/** An event in one line, and what a call was answered with, where it is the answer to one. */
export type OnEvent = (line: string, value: unknown) => void;

/** Told each event in order; keeps a hash of them, and passes them on where somebody looks. */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x1b873593;
  #events = 0;
  readonly #onEvent: OnEvent | undefined;

  constructor(onEvent?: OnEvent) {
    this.#onEvent = onEvent;
  }

  event(atMs: number, what: string, value?: unknown): void {
    this.#events += 1;
    const line = `${atMs.toFixed(3)} ${what}`;
    for (let i = 0; i < line.length; i += 1) {
      // FNV-1a twice, with different primes
      this.#low = Math.imul(this.#low ^ line.charCodeAt(i), 0x01000193);
      this.#high = Math.imul(this.#high ^ line.charCodeAt(i), 0x85ebca6b);
    }
    this.#onEvent?.(line, value);
  }

  get events(): number {
    return this.#events;
  }

  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
