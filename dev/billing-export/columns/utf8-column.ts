// A STRING column: UTF-8 bytes copied from strings that were encoded once, beforehand.
import { type Data, type DataType, makeData, type Utf8 } from 'apache-arrow';
import type { EncodedText, EncodedTexts } from '../encoded-text.ts';
import { type Column, Validity, validityBytes } from './column.ts';

/** Below this many bytes a loop copies faster than `TypedArray.set`, whose call has a fixed cost. */
const LOOP_COPY_BYTES = 24;

/** Builds an Arrow utf8 column from encoded texts without making a string. */
export class Utf8Column implements Column {
  length = 0;
  readonly #validity = new Validity();
  #offsets = new Int32Array(1024);
  #bytes = new Uint8Array(4096);
  #end = 0;

  /** Appends a text, or NULL for undefined. */
  append(text: EncodedText | undefined): void {
    if (text === undefined) {
      this.appendNull();
      return;
    }
    const size = text.length;
    const start = this.#end;
    const end = start + size;
    if (end > this.#bytes.length) this.#growBytes(end);
    const bytes = this.#bytes;
    if (size > LOOP_COPY_BYTES) bytes.set(text, start);
    else for (let i = 0; i < size; i++) bytes[start + i] = text[i] as number;
    this.#close(end);
  }

  /** Appends every text of the list in order. */
  appendAll(texts: EncodedTexts): void {
    const start = this.#end;
    const end = start + texts.bytes.length;
    if (end > this.#bytes.length) this.#growBytes(end);
    this.#bytes.set(texts.bytes, start);
    const { ends } = texts;
    for (let i = 0; i < ends.length; i++) this.#close(start + (ends[i] as number));
  }

  appendNull(): void {
    this.#validity.markNull(this.length);
    this.#close(this.#end);
  }

  byteLength(): number {
    return this.#end + (this.length + 1) * 4 + validityBytes(this.#validity, this.length);
  }

  toData(type: DataType): Data {
    return makeData({
      type: type as Utf8,
      length: this.length,
      nullCount: this.#validity.nullCount,
      nullBitmap: this.#validity.bitmap(this.length),
      valueOffsets: this.#offsets.subarray(0, this.length + 1),
      data: this.#bytes.subarray(0, this.#end),
    });
  }

  reset(): void {
    this.length = 0;
    this.#end = 0;
    this.#validity.reset();
  }

  #close(end: number): void {
    const next = ++this.length;
    if (next >= this.#offsets.length) this.#growOffsets();
    this.#offsets[next] = end;
    this.#end = end;
  }

  #growBytes(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }

  #growOffsets(): void {
    const grown = new Int32Array(this.#offsets.length * 2);
    grown.set(this.#offsets);
    this.#offsets = grown;
  }
}
