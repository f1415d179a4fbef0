// A seeded source of random numbers that gives the same sequence on every machine: integer arithmetic only.
import { createHash } from 'node:crypto';

/** A stream of random numbers (the sfc32 generator) that depends on nothing but its seed. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** Starts the stream of this seed; streams of different seeds are independent of each other. */
  constructor(...seed: readonly (string | number | bigint)[]) {
    const digest = createHash('sha256')
      .update(JSON.stringify(seed.map(String)))
      .digest();
    this.#a = digest.readInt32LE(0);
    this.#b = digest.readInt32LE(4);
    this.#c = digest.readInt32LE(8);
    this.#counter = digest.readInt32LE(12);
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    this.#c |= 0;
    return t >>> 0;
  }

  /** A number in [0, 1) with 32 random bits. */
  fraction(): number {
    return this.next() / 4294967296;
  }

  /** A number in [0, 1) with all 53 bits of a double in use, for amounts with long binary tails. */
  fineFraction(): number {
    return ((this.next() >>> 5) * 67108864 + (this.next() >>> 6)) / 9007199254740992;
  }

  /** A whole number from 0 to limit - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** A whole number from low to high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items, each equally likely. Throws when there is none. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from: the list is empty.');
    return item;
  }

  /** The items in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, order: this.next() }))
      .sort((left, right) => left.order - right.order)
      .map(({ item }) => item);
  }

  /** So many random decimal digits, the first of them not 0. */
  digits(count: number): string {
    return Array.from({ length: count }, (_, i) => (i === 0 ? this.between(1, 9) : this.below(10))).join('');
  }

  /** So many random hexadecimal digits. */
  hex(count: number): string {
    return Array.from({ length: count }, () => this.below(16).toString(16)).join('');
  }
}
