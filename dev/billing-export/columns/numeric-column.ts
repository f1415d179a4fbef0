// A NUMERIC column: decimal128 of scale 9, fed with whole billionths.
import { type Data, type DataType, type Decimal, makeData } from 'apache-arrow';
import { type Column, Validity, validityBytes } from './column.ts';

const WORDS = 4;
const WORD = 2 ** 32;

/** Builds an Arrow decimal128(38, 9) column. */
export class NumericColumn implements Column {
  length = 0;
  readonly #validity = new Validity();
  #words = new Uint32Array(1024 * WORDS);

  /** Appends a whole number of billionths below 2^53 in size, or NULL for undefined. */
  append(billionths: number | undefined): void {
    if (billionths === undefined) {
      this.appendNull();
      return;
    }
    const at = this.length++ * WORDS;
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    const high = Math.floor(billionths / WORD);
    const sign = billionths < 0 ? WORD - 1 : 0;
    // A typed array keeps a number modulo 2^32, which is two's complement for the negative high word.
    words[at] = billionths - high * WORD;
    words[at + 1] = high;
    words[at + 2] = sign;
    words[at + 3] = sign;
  }

  appendNull(): void {
    this.#validity.markNull(this.length);
    this.append(0);
  }

  byteLength(): number {
    return this.length * WORDS * 4 + validityBytes(this.#validity, this.length);
  }

  toData(type: DataType): Data {
    return makeData({
      type: type as Decimal,
      length: this.length,
      nullCount: this.#validity.nullCount,
      nullBitmap: this.#validity.bitmap(this.length),
      data: this.#words.subarray(0, this.length * WORDS),
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
  }

  #grow(): void {
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
  }
}
