// The column builders of a whole table, built from its fields and found by dotted path.
import { type Data, RecordBatch, RecordBatchStreamWriter, type Schema, Struct } from 'apache-arrow';
import type { TableField } from '../schema.ts';
import { BoolColumn } from './bool-column.ts';
import type { Column } from './column.ts';
import { Float64Column } from './float64-column.ts';
import { ListColumn } from './list-column.ts';
import { NumericColumn } from './numeric-column.ts';
import { StructColumn } from './struct-column.ts';
import { TimestampColumn } from './timestamp-column.ts';
import { Utf8Column } from './utf8-column.ts';

type ColumnClass<T extends Column> = abstract new (...args: never[]) => T;

/** One growing record batch: columns to append to, and its serialized form. */
export class TableColumns {
  readonly #byPath = new Map<string, Column>();
  readonly #root: StructColumn;

  constructor(fields: readonly TableField[]) {
    this.#root = this.#struct(fields, '');
  }

  /** The column at a dotted path. Throws when there is none or when it is of another kind. */
  column<T extends Column>(path: string, kind: ColumnClass<T>): T {
    const column = this.#byPath.get(path);
    if (column instanceof kind) return column;
    throw new Error(`The column ${path} is ${column?.constructor.name ?? 'missing'}, not ${kind.name}.`);
  }

  /** Counts one more row, after a value was appended to every top-level column. */
  closeRow(): void {
    this.#root.appendPresent(1);
  }

  /** The rows since the last serialization. */
  get rowCount(): number {
    return this.#root.length;
  }

  /** The bytes of the record batch's body so far, without padding. */
  byteLength(): number {
    return this.#root.byteLength();
  }

  /** The bare Arrow IPC record batch message of all rows with the columns of this schema; starts the next batch. */
  serialize(schema: Schema): Buffer {
    const writer = new RecordBatchStreamWriter({ autoDestroy: false });
    writer.reset(undefined, schema);
    const schemaBytes = writer.toUint8Array(true).length;
    writer.write(new RecordBatch(schema, this.#root.toData(new Struct(schema.fields)) as Data<Struct>));
    const { buffer, byteOffset, length } = writer.toUint8Array(true);
    this.#root.reset();
    return Buffer.from(buffer, byteOffset + schemaBytes, length - schemaBytes);
  }

  #struct(fields: readonly TableField[], prefix: string): StructColumn {
    return new StructColumn(
      new Map(fields.map((field) => [field.name, this.#field(field, prefix + field.name)])),
    );
  }

  #field(field: TableField, path: string): Column {
    const value = this.#value(field, path);
    const column = field.mode === 'REPEATED' ? new ListColumn(value) : value;
    this.#byPath.set(path, column);
    return column;
  }

  #value(field: TableField, path: string): Column {
    switch (field.type) {
      case 'STRING':
        return new Utf8Column();
      case 'TIMESTAMP':
        return new TimestampColumn();
      case 'FLOAT64':
        return new Float64Column();
      case 'NUMERIC':
        return new NumericColumn();
      case 'BOOL':
        return new BoolColumn();
      case 'RECORD':
        return this.#struct(field.fields ?? [], `${path}.`);
    }
  }
}
