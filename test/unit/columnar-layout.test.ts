// What is worked out of a schema before any row: the schema to write, and what cannot be copied.
import {
  CompressionType,
  compressionRegistry,
  type DataType,
  DateDay,
  Dictionary,
  Field,
  FixedSizeList,
  Float64,
  Int32,
  Int64,
  List,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  TimestampMillisecond,
  TimestampMicrosecond,
  Utf8,
  Utf8View,
  RecordBatchStreamWriter,
  vectorFromArray,
} from 'apache-arrow';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CopyLayoutOptions } from '../../src/columnar/copy-layout.ts';
import { encodeSchema } from '../support/arrow-encoder.ts';
import { cut, layoutOf } from '../support/columnar-cutting.ts';

const EXPORT_TIME = new Field('export_time', new TimestampMicrosecond('UTC'), true);
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

test("the schema to write is the source's own to the last annotation, with the lineage columns behind", () => {
  const annotation = new Map([['ARROW:extension:name', 'google:sqlType:datetime']]);
  const source = new Schema(
    [
      EXPORT_TIME,
      new Field('at', new TimestampMicrosecond(), false, annotation),
      new Field(
        'tags',
        new List(new Field('item', new Struct([new Field('k', new Utf8(), false, annotation)]), false)),
        true,
      ),
    ],
    new Map([['made by', 'a test']]),
  );
  const written = tableFromIPC(Buffer.concat([layoutOf(source).writerSchema, END_OF_STREAM])).schema;
  const expected = new Schema(
    [
      ...source.fields,
      new Field('_etl_job_id', new Utf8(), true),
      new Field('_etl_cursor', new TimestampMicrosecond('UTC'), true),
    ],
    source.metadata,
  );
  assert.deepEqual(described(written), described(expected));
});

test("an end-of-stream marker behind the source's schema is no part of it", () => {
  const schema = new Schema([EXPORT_TIME]);
  const arrowSchema = Buffer.concat([encodeSchema(schema), END_OF_STREAM]);
  assert.deepEqual(layoutOf(schema, { arrowSchema }).writerSchema, layoutOf(schema).writerSchema);
});

test('a type that cannot be copied is refused by the name of its column', () => {
  const nested = (type: DataType): Schema =>
    new Schema([
      EXPORT_TIME,
      new Field('a', new List(new Field('item', new Struct([new Field('b', type, true)]), true)), true),
    ]);
  const refused = [
    new Utf8View(),
    new FixedSizeList(2, new Field('item', new Int64(), true)),
    new Dictionary(new Utf8(), new Int32()),
  ];
  for (const type of refused)
    assert.throws(() => layoutOf(nested(type)), {
      name: 'TerminalError',
      reason: 'unsupported',
      message: /column a\.b /,
    });
});

test('a cursor must be one instant per row', () => {
  const schema = new Schema([
    EXPORT_TIME,
    new Field('day', new DateDay(), true),
    new Field('local', new TimestampMicrosecond(), true),
    new Field('ms', new TimestampMillisecond('UTC'), true),
    new Field('n', new Int64(), true),
    new Field('times', new List(new Field('item', new TimestampMicrosecond('UTC'), true)), true),
    new Field('in', new Struct([new Field('time', new TimestampMicrosecond('UTC'), true)]), true),
  ]);
  for (const cursorField of ['export_time', 'day', 'local', 'LOCAL']) layoutOf(schema, { cursorField });
  for (const cursorField of ['ms', 'n', 'times', 'in.time', 'nowhere'])
    assert.throws(() => layoutOf(schema, { cursorField }), {
      reason: 'unsupported',
      message: new RegExp(cursorField),
    });
});

test('a column that is verified must be a number, and a currency one text per row', () => {
  const schema = new Schema([
    EXPORT_TIME,
    new Field('name', new Utf8(), true),
    new Field('names', new List(new Field('item', new Utf8(), true)), true),
    new Field('cost', new Float64(), true),
  ]);
  const verifying = (verify: Partial<CopyLayoutOptions['verify']>): (() => unknown) => {
    const all = { columns: [], currencyColumn: undefined, schema: [], ...verify };
    return () => layoutOf(schema, { verify: all });
  };
  for (const path of ['name', 'names', 'nowhere', 'export_time'])
    assert.throws(verifying({ columns: ['cost', path] }), {
      reason: 'unsupported',
      message: new RegExp(path),
    });
  for (const path of ['cost', 'names', 'nowhere'])
    assert.throws(verifying({ currencyColumn: path }), { reason: 'unsupported', message: new RegExp(path) });
});

test('a table that has lineage columns of its own is refused', () => {
  const schema = new Schema([EXPORT_TIME, new Field('_ETL_cursor', new Utf8(), true)]);
  assert.throws(() => layoutOf(schema), { reason: 'unsupported', message: /_etl_cursor/ });
});

for (const [name, compressionType, frameStart] of [
  ['LZ4_FRAME', CompressionType.LZ4_FRAME, [4, 34, 77, 24, 64, 64, 0]],
  ['ZSTD', CompressionType.ZSTD, [40, 181, 47, 253, 0, 0]],
] as const)
  test(`buffers compressed with ${name} are refused by that name`, async () => {
    // Enough of a codec for apache-arrow to send with; nothing is ever decompressed.
    compressionRegistry.set(compressionType, { encode: (bytes) => Buffer.from([...frameStart, ...bytes]) });
    const table = new Table({ export_time: vectorFromArray([1, 2, 3], new TimestampMicrosecond('UTC')) });
    const writer = new RecordBatchStreamWriter({ compressionType });
    const stream = Buffer.from(writer.writeAll(table).toUint8Array(true));
    const schemaBytes = 8 + stream.readInt32LE(4);
    const recordBatch = stream.subarray(schemaBytes);
    const layout = layoutOf(table.schema, { arrowSchema: stream.subarray(0, schemaBytes) });
    const refusal = { reason: 'unsupported', message: new RegExp(name) };
    await assert.rejects(cut(layout, [{ recordBatch, rowCount: 3 }]), refusal);
  });

function described(schema: Schema): unknown {
  const field = ({ name, nullable, type, metadata }: Field): unknown => ({
    name,
    nullable,
    type: String(type),
    metadata: [...metadata],
    children: ((type as { children?: Field[] }).children ?? []).map(field),
  });
  return { metadata: [...schema.metadata], fields: schema.fields.map(field) };
}
