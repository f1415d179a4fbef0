// A BOOL column of bits.
import { type Bool, type Data, type DataType, makeData } from 'apache-arrow';
import { type Column, Validity, validityBytes } from './column.ts';

/** Builds an Arrow bool column. */
export class BoolColumn implements Column {
  length = 0;
  readonly #validity = new Validity();
  #bits = new Uint8Array(128);

  /** Appends every value of the list in order; 0 is false. */
  appendAll(values: Uint8Array): void {
    for (let i = 0; i < values.length; i++) this.#append((values[i] as number) !== 0);
  }

  appendNull(): void {
    this.#validity.markNull(this.length);
    this.#append(false);
  }

  byteLength(): number {
    return ((this.length + 7) >> 3) + validityBytes(this.#validity, this.length);
  }

  toData(type: DataType): Data {
    return makeData({
      type: type as Bool,
      length: this.length,
      nullCount: this.#validity.nullCount,
      nullBitmap: this.#validity.bitmap(this.length),
      data: this.#bits.slice(0, (this.length + 7) >> 3),
    });
  }

  reset(): void {
    this.#bits.fill(0);
    this.length = 0;
    this.#validity.reset();
  }

  #append(value: boolean): void {
    const index = this.length++;
    const byte = index >> 3;
    if (byte === this.#bits.length) this.#grow();
    if (value) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (index & 7));
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bits.length * 2);
    grown.set(this.#bits);
    this.#bits = grown;
  }
}
