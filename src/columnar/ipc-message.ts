/** Arrow's encapsulated IPC message: a length prefix, a flatbuffer of metadata and a body of buffers. */
import { FlatTable } from './flat-table.ts';

/** Numbers of the MessageHeader union. Source: Arrow's format/Message.fbs. */
export const HEADER = { schema: 1, recordBatch: 3 } as const;

/** Buffers lie at multiples of this, as do metadata and body. */
const ALIGNMENT = 8;
const CONTINUATION = 0xffffffff;
const PREFIX_BYTES = 8;

/** A message in place: nothing is copied from the bytes it was read from. */
export type IpcMessage = {
  /** The Message table. */
  readonly message: FlatTable;
  /** The Schema or RecordBatch table within it. */
  readonly header: FlatTable;
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
};

/** Reads the first message in the bytes, ignoring what follows it; throws when it is of another kind or cut short. */
export function readIpcMessage(bytes: Uint8Array, expectedHeader: number): IpcMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Writers before Arrow 0.15 send the length alone, without the continuation marker.
  const lengthAt = view.getUint32(0, true) === CONTINUATION ? 4 : 0;
  const metadataEnd = lengthAt + 4 + view.getInt32(lengthAt, true);
  const metadata = bytes.subarray(lengthAt + 4, metadataEnd);
  if (metadata.length === 0) throw new Error('an Arrow message holds no metadata');
  const message = FlatTable.root(metadata);
  const bodyEnd = metadataEnd + message.int64(MESSAGE.bodyLength);
  if (bodyEnd > bytes.length)
    throw new Error(`an Arrow message of ${bodyEnd} bytes was cut to ${bytes.length}`);
  const kind = message.uint8(MESSAGE.headerType);
  const header = message.table(MESSAGE.header);
  if (kind !== expectedHeader || !header)
    throw new Error(`an Arrow message has header type ${kind} where ${expectedHeader} was expected`);
  return { message, header, metadata, body: bytes.subarray(metadataEnd, bodyEnd) };
}

/** Bytes of a message before its body, for metadata of this length. */
export function bytesBeforeBody(metadataBytes: number): number {
  return PREFIX_BYTES + padded(metadataBytes);
}

/** Writes what stands before the body of a message, at the start of the bytes given. */
export function writeBeforeBody(bytes: Uint8Array, metadata: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, CONTINUATION, true);
  view.setInt32(4, padded(metadata.length), true);
  bytes.set(metadata, PREFIX_BYTES);
  bytes.fill(0, PREFIX_BYTES + metadata.length, bytesBeforeBody(metadata.length));
}

/** A message without a body, or all of one that stands before it. */
export function framed(metadata: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(bytesBeforeBody(metadata.length));
  writeBeforeBody(bytes, metadata);
  return bytes;
}

/** The next multiple of the alignment. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Slots of the Message table. Source: Arrow's format/Message.fbs. */
export const MESSAGE = { version: 0, headerType: 1, header: 2, bodyLength: 3, customMetadata: 4 } as const;
