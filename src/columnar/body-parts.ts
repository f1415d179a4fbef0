/** The body of a record batch as it grows, buffer by buffer, and the message around it. */
import { framed, padded } from './ipc-message.ts';
import { recordBatchMetadata, type Pair } from './message-metadata.ts';
import { METADATA_VERSION } from './table-schema-message.ts';

/** Fields and buffers must be added in the order of Arrow's depth-first walk over the schema. */
export class BodyParts {
  readonly #fields: Pair[] = [];
  readonly #buffers: Pair[] = [];
  readonly #chunks: Uint8Array[] = [];
  #bodyBytes = 0;

  /** Begins a field of this many values. */
  field(values: number, nulls: number): void {
    this.#fields.push([values, nulls]);
  }

  /** The bitmap of what is not NULL; none when nothing is. */
  validity(values: readonly unknown[], nulls: number): void {
    if (nulls === 0) this.buffer(new Uint8Array(0));
    else this.bits(values.map((value) => value !== null));
  }

  bits(values: readonly boolean[]): void {
    const bytes = new Uint8Array(Math.ceil(values.length / 8));
    values.forEach((value, i) => {
      if (value) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
    });
    this.buffer(bytes);
  }

  /** Where each value of variable length begins and ends. */
  offsets(lengths: readonly number[]): void {
    const offsets = new Int32Array(lengths.length + 1);
    lengths.forEach((length, i) => (offsets[i + 1] = (offsets[i] as number) + length));
    this.buffer(new Uint8Array(offsets.buffer));
  }

  buffer(bytes: Uint8Array): void {
    const paddedBytes = padded(bytes.length);
    this.#buffers.push([this.#bodyBytes, bytes.length]);
    this.#chunks.push(bytes, new Uint8Array(paddedBytes - bytes.length));
    this.#bodyBytes += paddedBytes;
  }

  /** The bare record-batch message. */
  message(rowCount: number): Uint8Array {
    const metadata = recordBatchMetadata({
      version: METADATA_VERSION,
      rowCount,
      fields: this.#fields,
      buffers: this.#buffers,
      bodyBytes: this.#bodyBytes,
    });
    return Buffer.concat([framed(metadata), ...this.#chunks]);
  }
}
