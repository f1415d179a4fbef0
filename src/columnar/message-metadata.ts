/** Writes the metadata of a record-batch message. */
import { Builder } from 'flatbuffers';
import { MESSAGE, HEADER } from './ipc-message.ts';
import { RECORD_BATCH, STRUCT_BYTES } from './incoming-rows.ts';

/** One struct of a record batch's lists: a field's length and null count, or a buffer's offset and length. */
export type Pair = readonly [number, number];

/** What a record batch says of its body. */
export type RecordBatchMetadata = {
  /** Metadata version of the schema message it belongs to. */
  readonly version: number;
  readonly rowCount: number;
  readonly fields: readonly Pair[];
  readonly buffers: readonly Pair[];
  readonly bodyBytes: number;
};

/** The Message flatbuffer; its length depends only on the numbers of fields and buffers. */
export function recordBatchMetadata(of: RecordBatchMetadata): Uint8Array {
  const builder = new Builder(256 + (of.fields.length + of.buffers.length) * STRUCT_BYTES);
  // Zeros are written too, so that the length is known before the counts are.
  builder.forceDefaults(true);
  const buffers = pairs(builder, of.buffers);
  const fields = pairs(builder, of.fields);

  builder.startObject(RECORD_BATCH.compression);
  builder.addFieldInt64(RECORD_BATCH.length, BigInt(of.rowCount), 0n);
  builder.addFieldOffset(RECORD_BATCH.nodes, fields, 0);
  builder.addFieldOffset(RECORD_BATCH.buffers, buffers, 0);
  const header = builder.endObject();

  builder.startObject(MESSAGE.customMetadata);
  builder.addFieldInt64(MESSAGE.bodyLength, BigInt(of.bodyBytes), 0n);
  builder.addFieldOffset(MESSAGE.header, header, 0);
  builder.addFieldInt16(MESSAGE.version, of.version, 0);
  builder.addFieldInt8(MESSAGE.headerType, HEADER.recordBatch, 0);
  builder.finish(builder.endObject());
  return builder.asUint8Array();
}

function pairs(builder: Builder, list: readonly Pair[]): number {
  builder.startVector(STRUCT_BYTES, list.length, 8);
  for (const [first, second] of list.toReversed()) {
    builder.writeInt64(BigInt(second));
    builder.writeInt64(BigInt(first));
  }
  return builder.endVector();
}
