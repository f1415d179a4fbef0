// A FLOAT64 column.
import { type Data, type DataType, type Float64, makeData } from 'apache-arrow';
import { type Column, Validity, validityBytes } from './column.ts';

/** Builds an Arrow double column. */
export class Float64Column implements Column {
  length = 0;
  readonly #validity = new Validity();
  #values = new Float64Array(1024);

  /** Appends a value, or NULL for undefined. */
  append(value: number | undefined): void {
    if (value === undefined) {
      this.appendNull();
      return;
    }
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length++] = value;
  }

  appendNull(): void {
    this.#validity.markNull(this.length);
    this.append(0);
  }

  byteLength(): number {
    return this.length * 8 + validityBytes(this.#validity, this.length);
  }

  toData(type: DataType): Data {
    return makeData({
      type: type as Float64,
      length: this.length,
      nullCount: this.#validity.nullCount,
      nullBitmap: this.#validity.bitmap(this.length),
      data: this.#values.subarray(0, this.length),
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
  }

  #grow(): void {
    const grown = new Float64Array(this.#values.length * 2);
    grown.set(this.#values);
    this.#values = grown;
  }
}
