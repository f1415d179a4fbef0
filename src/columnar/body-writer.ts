/** Fills the body of a message buffer by buffer, in memory that was taken at its exact size. */
import { padded } from './ipc-message.ts';
import type { Pair } from './message-metadata.ts';

/** Writes one buffer after the other: each starts at a multiple of 8 bytes, with zeros between. */
export class BodyWriter {
  /** The whole message. */
  readonly bytes: Buffer<ArrayBuffer>;
  /** The same bytes as 32-bit integers. */
  readonly ints: Int32Array;
  /** Offset within the body and length of each buffer written so far. */
  readonly buffers: Pair[] = [];
  readonly #bodyStart: number;
  #end: number;

  constructor(messageBytes: number, bodyStart: number) {
    // Not from the pool: the message would keep a whole slab alive, and its integers might not be aligned.
    this.bytes = Buffer.allocUnsafeSlow(messageBytes);
    this.ints = new Int32Array(this.bytes.buffer, 0, messageBytes / 4);
    this.#bodyStart = bodyStart;
    this.#end = bodyStart;
  }

  get bodyBytes(): number {
    return this.#end - this.#bodyStart;
  }

  /** Begins a buffer of this length and says where in `bytes` it starts; the caller fills all of it. */
  buffer(length: number): number {
    const start = this.#end;
    this.#end += padded(length);
    this.bytes.fill(0, start + length, this.#end);
    this.buffers.push([start - this.#bodyStart, length]);
    return start;
  }

  /** Where in `bytes` a buffer written before starts, and its length. */
  written(buffer: number): Pair {
    const [offset, length] = this.buffers[buffer] as Pair;
    return [this.#bodyStart + offset, length];
  }
}
