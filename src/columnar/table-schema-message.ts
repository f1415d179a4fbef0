/** The Arrow schema message of a table, for rows that did not come as Arrow. */
import { Builder } from 'flatbuffers';
import type { TableSchema } from '../job/table-schema.ts';
import { writeField } from './field-writer.ts';
import { HEADER, MESSAGE, framed } from './ipc-message.ts';
import { SCHEMA } from './writer-schema.ts';

/** Arrow's current metadata version, V5. Source: Arrow's format/Schema.fbs. */
export const METADATA_VERSION = 4;

/** The bare schema message; throws TerminalError('unsupported') naming a column whose type cannot be carried. */
export function tableSchemaMessage(schema: TableSchema): Uint8Array {
  const builder = new Builder(1024);
  const fields = schema.map((field) => writeField(builder, field));
  builder.startVector(4, fields.length, 4);
  for (const field of fields.toReversed()) builder.addOffset(field);
  const fieldVector = builder.endVector();
  builder.startObject(SCHEMA.features + 1);
  builder.addFieldOffset(SCHEMA.fields, fieldVector, 0);
  const header = builder.endObject();
  builder.startObject(MESSAGE.customMetadata + 1);
  builder.addFieldOffset(MESSAGE.header, header, 0);
  builder.addFieldInt16(MESSAGE.version, METADATA_VERSION, 0);
  builder.addFieldInt8(MESSAGE.headerType, HEADER.schema, 0);
  builder.finish(builder.endObject());
  return framed(builder.asUint8Array());
}
