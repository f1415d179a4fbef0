// The export's columns as Arrow types, as the BigQuery Storage Read API delivers them.
import {
  Bool,
  type DataType,
  Decimal,
  Field,
  Float64,
  List,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import type { TableField } from './schema.ts';

/** The Arrow schema of the given BigQuery fields: every field nullable, REPEATED as a list of `item`. */
export function arrowSchema(fields: readonly TableField[]): Schema {
  return new Schema(fields.map(arrowField));
}

/** The bare Arrow IPC schema message, as AppendRows wants in `arrow_rows.writer_schema.serialized_schema`. */
export function serializeSchema(schema: Schema): Buffer {
  const writer = new RecordBatchStreamWriter({ autoDestroy: false });
  writer.reset(undefined, schema);
  return Buffer.from(writer.toUint8Array(true));
}

function arrowField(field: TableField): Field {
  const type = arrowType(field);
  return new Field(
    field.name,
    field.mode === 'REPEATED' ? new List(new Field('item', type, true)) : type,
    true,
  );
}

function arrowType(field: TableField): DataType {
  switch (field.type) {
    case 'STRING':
      return new Utf8();
    case 'TIMESTAMP':
      return new TimestampMicrosecond('UTC');
    case 'FLOAT64':
      return new Float64();
    case 'NUMERIC':
      return new Decimal(9, 38, 128);
    case 'BOOL':
      return new Bool();
    case 'RECORD':
      return new Struct((field.fields ?? []).map(arrowField));
  }
}
