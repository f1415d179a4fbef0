// A TIMESTAMP column of whole microseconds since 1970, kept as int64 because Arrow's own setter goes through floats.
import { type Data, type DataType, makeData, type TimestampMicrosecond } from 'apache-arrow';
import { type Column, Validity, validityBytes } from './column.ts';

/** Builds an Arrow timestamp[us, UTC] column. */
export class TimestampColumn implements Column {
  length = 0;
  readonly #validity = new Validity();
  #values = new BigInt64Array(1024);

  /** Appends an instant in whole microseconds; a number holds them exactly until the year 2255. */
  append(micros: number): void {
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length++] = BigInt(micros);
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
      type: type as TimestampMicrosecond,
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
    const grown = new BigInt64Array(this.#values.length * 2);
    grown.set(this.#values);
    this.#values = grown;
  }
}
