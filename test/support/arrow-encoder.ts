// Rows as Arrow IPC messages, in every form the format allows: an encoder that knows the liberties a sender may take.
import { DataType, type Field, Message, MetadataVersion, type Schema } from 'apache-arrow';
import { framed } from '../../src/columnar/ipc-message.ts';
import { recordBatchMetadata, type Pair } from '../../src/columnar/message-metadata.ts';
import { fixedWidth, isLargeList, isVariable, randomValue, type Row } from './arrow-values.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What a sender may do that changes no value. */
export interface Liberties {
  random: SeededRandom;
  /** Buffers lie at multiples of this many bytes. */
  alignment: 8 | 64;
  /** Values of lists and texts do not start at offset 0, nor end at the last. */
  looseOffsets: boolean;
  /** What lies beneath a NULL is not empty. */
  garbageUnderNull: boolean;
  /** Bitmaps are there even when nothing is NULL. */
  spareBitmaps: boolean;
}

/** The bare schema message. */
export function encodeSchema(schema: Schema): Uint8Array {
  return framed(Message.encode(Message.from(schema)));
}

/** A bare record-batch message; without liberties it is as plain as it can be. */
export function encodeRows(schema: Schema, rows: readonly Row[], liberties?: Liberties): Uint8Array {
  const encoder = new Encoder(liberties);
  schema.fields.forEach((field, i) => {
    encoder.field(
      field,
      rows.map((row) => row[i] ?? null),
    );
  });
  return encoder.message(rows.length);
}

class Encoder {
  readonly #fields: Pair[] = [];
  readonly #buffers: Pair[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #liberties: Liberties | undefined;
  #bodyBytes = 0;

  constructor(liberties: Liberties | undefined) {
    this.#liberties = liberties;
  }

  message(rowCount: number): Uint8Array {
    const metadata = recordBatchMetadata({
      version: MetadataVersion.V5,
      rowCount,
      fields: this.#fields,
      buffers: this.#buffers,
      bodyBytes: this.#bodyBytes,
    });
    return Buffer.concat([framed(metadata), ...this.#chunks]);
  }

  field(field: Field, values: readonly unknown[]): void {
    const type = field.type as DataType;
    const nullCount = values.filter((value) => value === null).length;
    this.#fields.push([values.length, DataType.isNull(type) ? values.length : nullCount]);
    if (DataType.isNull(type)) return;
    const bitmap = nullCount > 0 || (this.#liberties?.spareBitmaps ?? false);
    this.#buffer(bitmap ? bits(values.map((value) => value !== null)) : Buffer.alloc(0));
    const present = values.map((value) => value ?? this.#beneathNull(type));
    if (DataType.isStruct(type))
      type.children.forEach((child, i) => {
        this.field(
          child,
          present.map((value) => (value as Row)[i] ?? null),
        );
      });
    else if (DataType.isList(type) || isLargeList(type)) this.#list(type, present as unknown[][]);
    else if (DataType.isBool(type)) this.#buffer(bits(present as boolean[]));
    else if (isVariable(type)) this.#variable(type, present as (string | Uint8Array)[]);
    else this.#buffer(Buffer.concat(present.map((value) => fixedBytes(type, value))));
  }

  #list(type: DataType, lists: readonly (readonly unknown[])[]): void {
    const item = type.children[0] as Field;
    const loose = (): unknown[] =>
      this.#loose(3).map(() => randomValue(item.type as DataType, this.#random()));
    const before = loose();
    const offsetBytes = isLargeList(type) ? 8 : 4;
    this.#offsets(
      offsetBytes,
      before.length,
      lists.map((list) => list.length),
    );
    this.field(item, [...before, ...lists.flat(), ...loose()]);
  }

  #variable(type: DataType, values: readonly (string | Uint8Array)[]): void {
    const chunks = values.map((value) => Buffer.from(value as string));
    const before = Buffer.from(this.#loose(9));
    const offsetBytes = DataType.isLargeUtf8(type) || DataType.isLargeBinary(type) ? 8 : 4;
    this.#offsets(
      offsetBytes,
      before.length,
      chunks.map((chunk) => chunk.length),
    );
    this.#buffer(Buffer.concat([before, ...chunks, Buffer.from(this.#loose(9))]));
  }

  #offsets(bytes: 4 | 8, first: number, lengths: readonly number[]): void {
    const buffer = Buffer.alloc((lengths.length + 1) * bytes);
    let offset = first;
    [0, ...lengths].forEach((length, i) => {
      offset += length;
      buffer.writeUInt32LE(offset, i * bytes);
    });
    this.#buffer(buffer);
  }

  /** Bytes that belong to nothing, up to a number of them. */
  #loose(upTo: number): number[] {
    if (!this.#liberties?.looseOffsets) return [];
    const { random } = this.#liberties;
    return Array.from({ length: random.below(upTo + 1) }, () => 33 + random.below(90));
  }

  #beneathNull(type: DataType): unknown {
    if (this.#liberties?.garbageUnderNull) return randomValue(type, this.#liberties.random, 0.2);
    if (DataType.isStruct(type)) return type.children.map(() => null);
    if (DataType.isList(type) || isLargeList(type)) return [];
    if (DataType.isBool(type)) return false;
    return isVariable(type) ? '' : new Uint8Array(fixedWidth(type));
  }

  #random(): SeededRandom {
    if (!this.#liberties) throw new Error('nothing is random without liberties');
    return this.#liberties.random;
  }

  #buffer(buffer: Buffer): void {
    const alignment = this.#liberties?.alignment ?? 8;
    const padding = Buffer.alloc((alignment - (buffer.length % alignment)) % alignment);
    this.#buffers.push([this.#bodyBytes, buffer.length]);
    this.#chunks.push(buffer, padding);
    this.#bodyBytes += buffer.length + padding.length;
  }
}

function fixedBytes(type: DataType, value: unknown): Uint8Array {
  const width = fixedWidth(type);
  if (value instanceof Uint8Array) return value;
  const bytes = Buffer.alloc(width);
  if (DataType.isFloat(type) && width === 8) bytes.writeDoubleLE(value as number);
  else {
    let rest = BigInt(value as number | bigint);
    for (let i = 0; i < width; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  }
  return bytes;
}

function bits(values: readonly boolean[]): Buffer {
  const buffer = Buffer.alloc(Math.ceil(values.length / 8));
  values.forEach((value, i) => {
    if (value) buffer[i >> 3] = (buffer[i >> 3] as number) | (1 << (i & 7));
  });
  return buffer;
}
