// Copied rows are the rows that arrived: whatever their types, their encoding and where batches begin and end.
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  DateMillisecond,
  Decimal,
  DurationMicrosecond,
  Field,
  FixedSizeBinary,
  Float16,
  Float32,
  Float64,
  Int16,
  Int64,
  Int8,
  IntervalDayTime,
  IntervalMonthDayNano,
  IntervalYearMonth,
  LargeBinary,
  LargeList,
  LargeUtf8,
  List,
  Null,
  Schema,
  Struct,
  TimeMicrosecond,
  TimeSecond,
  TimestampMicrosecond,
  Uint32,
  Utf8,
} from 'apache-arrow';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import { encodeSchema } from '../support/arrow-encoder.ts';
import { decodeBatch, decodeRows, randomRows } from '../support/arrow-values.ts';
import { anyLiberties, cut, layoutOf, LINEAGE, messagesOf, unaligned } from '../support/columnar-cutting.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const item = (type: DataType): Field => new Field('item', type, true);
const fields = (...types: DataType[]): Field[] => types.map((type, i) => new Field(`f${i}`, type, true));

const PLAIN_TYPES = [
  ...[new Utf8(), new Binary(), new LargeUtf8(), new LargeBinary(), new Bool(), new Null()],
  ...[new Int8(), new Int16(), new Uint32(), new Int64(), new Float16(), new Float32(), new Float64()],
  ...[new Decimal(9, 38, 128), new Decimal(38, 76, 256), new FixedSizeBinary(5), new FixedSizeBinary(16)],
  ...[
    new DateDay(),
    new DateMillisecond(),
    new TimeSecond(),
    new TimeMicrosecond(),
    new DurationMicrosecond(),
  ],
  ...[new TimestampMicrosecond('UTC'), new TimestampMicrosecond()],
  ...[new IntervalYearMonth(), new IntervalDayTime(), new IntervalMonthDayNano()],
];
const NESTED_TYPES = [
  new List(item(new Utf8())),
  new LargeList(item(new Bool())),
  new Struct(fields(new Utf8(), new Int64())),
  new List(item(new Struct(fields(new Utf8(), new Float64(), new Bool())))),
  new Struct(
    fields(
      new List(item(new Struct(fields(new List(item(new Utf8())), new Bool())))),
      new Decimal(9, 38, 128),
    ),
  ),
  new List(item(new List(item(new LargeList(item(new Int64())))))),
  new List(item(new Struct(fields(new List(item(new Null())), new Struct(fields(new Utf8())))))),
];

test('every type arrives as it was sent, through batches of any size', async () => {
  const random = new SeededRandom(11);
  for (const type of [...PLAIN_TYPES, ...NESTED_TYPES])
    await copyAndCompare([type], random, `type ${String(type)}`);
});

test('random tables in random encodings arrive as they were sent', async () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = new SeededRandom(seed);
    const types = Array.from({ length: 1 + random.below(6) }, () =>
      random.chance(0.5) ? random.pick(PLAIN_TYPES) : random.pick(NESTED_TYPES),
    );
    await copyAndCompare(types, random, `seed ${seed}`);
  }
});

test('a cut between any two rows leaves both sides whole', async () => {
  const random = new SeededRandom(5);
  const schema = schemaOf([new Utf8(), new Bool(), ...NESTED_TYPES]);
  const rows = randomRows(typesOf(schema), 35, random);
  const messages = messagesOf(schema, rows, [17], anyLiberties(random));
  for (let at = 1; at < 35; at++)
    for (const to of [at + 1, at + 8, 35].filter((end) => end <= 35))
      await compare(schema, messages, { cuts: [at, to] }, `cuts at ${at} and ${to}`);
});

test('columns without a NULL have no bitmap and a count of none, those with have the exact count', async () => {
  const schema = schemaOf([new Utf8(), new Int64()]);
  const layout = layoutOf(schema);
  const rows = [
    [1n, 'a', null],
    [2n, 'b', 5n],
    [3n, null, 6n],
  ];
  const messages = messagesOf(schema, rows, [3]);
  const nullCounts = async (cuts: readonly number[]): Promise<number[][]> =>
    (await cut(layout, messages, { cuts })).map((batch) =>
      decodeBatch(layout.writerSchema, batch.rows.recordBatch).data.children.map(
        (column) => column.nullCount,
      ),
    );
  assert.deepEqual(await nullCounts([]), [[0, 1, 1, 0, 0]]);
  assert.deepEqual(await nullCounts([1, 2]), [
    [0, 0, 1, 0, 0],
    [0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0],
  ]);
  const [first, second] = await cut(layout, messages, { cuts: [1, 2] });
  assert.ok(
    (second?.bytes as number) < (first?.bytes as number),
    'a bitmap that is not needed takes no room',
  );
});

test('every row carries its cursor and the job that wrote it', async () => {
  const schema = new Schema([
    new Field('n', new Int64(), true),
    new Field('export_time', new TimestampMicrosecond('UTC'), true),
  ]);
  const rows = [
    [1n, -62135596800000000n],
    [2n, null],
    [3n, 253402300799999999n],
  ];
  const layout = layoutOf(schema);
  const [batch] = await cut(layout, messagesOf(schema, rows, [2]));
  const decoded = decodeRows(layout.writerSchema, batch?.rows.recordBatch as Uint8Array);
  assert.deepEqual(
    decoded.map((row) => row.slice(2)),
    rows.map(([, cursor]) => [hex(LINEAGE), cursor === null ? null : int64Hex(cursor as bigint)]),
  );
  assert.deepEqual(
    decoded.map(([, cursor]) => cursor),
    decoded.map(([, , , copy]) => copy),
  );
});

test('a DATE cursor becomes midnight UTC, to the ends of the calendar', async () => {
  const schema = new Schema([new Field('day', new DateDay(), true)]);
  const days = [-719162n, null, 0n, 20_544n, 2_932_896n];
  const layout = layoutOf(schema, { cursorField: 'DAY' });
  const [batch] = await cut(
    layout,
    messagesOf(
      schema,
      days.map((day) => [day]),
      [9],
    ),
  );
  assert.deepEqual(
    decodeRows(layout.writerSchema, batch?.rows.recordBatch as Uint8Array).map((row) => row[2]),
    days.map((day) => (day === null ? null : int64Hex(day * 86_400_000_000n))),
  );
});

test('the padding of a message is zeros, not what memory held before', async () => {
  const schema = schemaOf([new Utf8(), new Bool()]);
  const layout = layoutOf(schema);
  const messages = messagesOf(schema, [[1n, 'abc', true]], [1]);
  const once = await cut(layout, messages);
  // Memory that is taken right after other memory was given back is seldom clean.
  for (let i = 0; i < 50; i++) {
    Buffer.allocUnsafeSlow(once[0]?.bytes as number).fill(0xaa);
    assert.deepEqual(await cut(layout, messages), once);
  }
});

async function copyAndCompare(types: readonly DataType[], random: SeededRandom, name: string): Promise<void> {
  const schema = schemaOf(types);
  const rows = randomRows(typesOf(schema), random.below(60), random);
  const sizes = Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(20));
  const messages = messagesOf(schema, rows, sizes, anyLiberties(random)).map((message) =>
    unaligned(message, random.below(8)),
  );
  const cuts = Array.from({ length: random.below(5) }, () => random.below(60)).sort((a, b) => a - b);
  await compare(schema, messages, { cuts, maxRows: 1 + random.below(40) }, name);
}

async function compare(
  schema: Schema,
  messages: readonly ArrowRows[],
  options: { readonly cuts: readonly number[]; readonly maxRows?: number },
  name: string,
): Promise<void> {
  const layout = layoutOf(schema);
  const batches = await cut(layout, messages, options);
  const sent = decodeRows(
    encodeSchema(schema),
    ...messages.map(({ recordBatch }) => Uint8Array.from(recordBatch)),
  );
  const copied = decodeRows(layout.writerSchema, ...batches.map(({ rows }) => rows.recordBatch));
  assert.deepEqual(
    copied,
    sent.map((row) => [...row, hex(LINEAGE), row[0]]),
    name,
  );
  let readOffset = 0;
  for (const batch of batches) {
    assert.equal(batch.readOffset, readOffset, name);
    assert.equal(batch.bytes, batch.rows.recordBatch.length, name);
    assert.ok(batch.rows.rowCount <= (options.maxRows ?? Infinity), name);
    readOffset += batch.rows.rowCount;
    const crossed = options.cuts.filter((at) => at > batch.readOffset && at < readOffset);
    assert.deepEqual(crossed, [], name);
  }
}

function schemaOf(types: readonly DataType[]): Schema {
  return new Schema([new Field('export_time', new TimestampMicrosecond('UTC'), true), ...fields(...types)]);
}

function typesOf(schema: Schema): DataType[] {
  return schema.fields.map((field) => field.type as DataType);
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

function int64Hex(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes.toString('hex');
}
