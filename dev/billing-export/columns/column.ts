// What every column builder of the generator can do, and the validity bitmap that most of them keep.
import type { Data, DataType } from 'apache-arrow';

/** A growing Arrow column whose buffers are kept and reused from one record batch to the next. */
export interface Column {
  /** The number of values appended since the last reset. */
  readonly length: number;
  /** Appends one NULL. */
  appendNull(): void;
  /** The bytes that this column and its children take in a record batch, without padding. */
  byteLength(): number;
  /** A view of the column as Arrow data of this type; valid only until the next append or reset. */
  toData(type: DataType): Data;
  /** Forgets all values and keeps the memory. */
  reset(): void;
}

/** A validity bitmap in which every value is valid unless marked otherwise, so that valid values cost nothing. */
export class Validity {
  nullCount = 0;
  #bits = new Uint8Array(64).fill(0xff);

  /** Marks the value at this index as NULL. */
  markNull(index: number): void {
    this.#reserve(index + 1);
    const byte = index >> 3;
    this.#bits[byte] = (this.#bits[byte] ?? 0) & ~(1 << (index & 7));
    this.nullCount++;
  }

  /** The bitmap of the first `length` values with its padding bits zeroed, or null when none of them is NULL. */
  bitmap(length: number): Uint8Array | null {
    if (this.nullCount === 0) return null;
    this.#reserve(length);
    const bitmap = this.#bits.slice(0, (length + 7) >> 3);
    const last = bitmap.length - 1;
    if (length % 8 !== 0) bitmap[last] = (bitmap[last] ?? 0) & ((1 << (length & 7)) - 1);
    return bitmap;
  }

  reset(): void {
    if (this.nullCount > 0) this.#bits.fill(0xff);
    this.nullCount = 0;
  }

  #reserve(length: number): void {
    if (length <= this.#bits.length * 8) return;
    const grown = new Uint8Array((length + 7) >> 2).fill(0xff);
    grown.set(this.#bits);
    this.#bits = grown;
  }
}

/** The bytes of a validity bitmap of this length when it is needed. */
export function validityBytes(validity: Validity, length: number): number {
  return validity.nullCount === 0 ? 0 : (length + 7) >> 3;
}
