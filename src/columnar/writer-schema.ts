/** The schema message of a copy: the source's own with the lineage columns behind. */
import { Builder } from 'flatbuffers';
import { LINEAGE_FIELDS } from '../job/table-schema.ts';
import { writeField } from './field-writer.ts';
import { framed, HEADER, MESSAGE, type IpcMessage } from './ipc-message.ts';

/** Slots of the Schema table. Source: Arrow's format/Schema.fbs. */
export const SCHEMA = { endianness: 0, fields: 1, customMetadata: 2, features: 3 } as const;

/**
 * The bare schema message for rows with lineage. The source's fields are taken over as they are, with every detail and
 * annotation: flatbuffers refer forwards, so its metadata is kept whole at the end and the new tables point into it.
 */
export function writerSchema(source: IpcMessage): Uint8Array {
  const builder = new Builder(2 * source.metadata.length + 512);
  const embedded = embed(builder, source.metadata);
  const fields = [
    ...source.header.tables(SCHEMA.fields).map((field) => embedded(field.position)),
    ...LINEAGE_FIELDS.map((field) => writeField(builder, field)),
  ];
  builder.startVector(4, fields.length, 4);
  for (const field of fields.toReversed()) builder.addOffset(field);
  const fieldVector = builder.endVector();

  builder.startObject(SCHEMA.features + 1);
  builder.addFieldOffset(SCHEMA.fields, fieldVector, 0);
  for (const slot of [SCHEMA.customMetadata, SCHEMA.features]) {
    const target = source.header.target(slot);
    if (target !== undefined) builder.addFieldOffset(slot, embedded(target), 0);
  }
  const schema = builder.endObject();

  builder.startObject(MESSAGE.customMetadata + 1);
  const customMetadata = source.message.target(MESSAGE.customMetadata);
  if (customMetadata !== undefined)
    builder.addFieldOffset(MESSAGE.customMetadata, embedded(customMetadata), 0);
  builder.addFieldOffset(MESSAGE.header, schema, 0);
  builder.addFieldInt16(MESSAGE.version, source.message.int16(MESSAGE.version), 0);
  builder.addFieldInt8(MESSAGE.headerType, HEADER.schema, 0);
  builder.finish(builder.endObject());
  return framed(builder.asUint8Array());
}

/** Puts a flatbuffer whole into another one; returns how to refer to a position in it. */
function embed(builder: Builder, flatbuffer: Uint8Array): (position: number) => number {
  builder.startVector(1, flatbuffer.length, 8);
  for (const byte of flatbuffer.toReversed()) builder.addInt8(byte);
  const start = builder.offset();
  builder.endVector();
  return (position) => start - position;
}
