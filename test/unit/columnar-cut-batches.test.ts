// Where batches end: at the limits, at cuts, and nowhere else.
import { Bool, Field, Float64, List, Schema, Struct, TimestampMicrosecond, Utf8 } from 'apache-arrow';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import { cutBatches } from '../../src/columnar/cut-batches.ts';
import type { CutBatch } from '../../src/columnar/open-batch.ts';
import { TerminalError } from '../../src/job/errors.ts';
import { encodeRows, type Liberties } from '../support/arrow-encoder.ts';
import { randomRows } from '../support/arrow-values.ts';
import { arriving, cut, layoutOf, messagesOf, NO_LIMIT } from '../support/columnar-cutting.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const SCHEMA = new Schema([
  new Field('export_time', new TimestampMicrosecond('UTC'), true),
  new Field('name', new Utf8(), true),
  new Field('flag', new Bool(), true),
  new Field(
    'credits',
    new List(
      new Field(
        'item',
        new Struct([new Field('name', new Utf8(), true), new Field('amount', new Float64(), true)]),
        true,
      ),
    ),
    true,
  ),
]);
const LAYOUT = layoutOf(SCHEMA);
const TYPES = SCHEMA.fields.map((field) => field.type);

test('batches hold as many rows as are allowed, from as many messages as that takes', async () => {
  const batches = await cut(LAYOUT, messagesOf(SCHEMA, someRows(100), [7, 3, 40, 1]), {
    firstRow: 1000,
    maxRows: 30,
  });
  assert.deepEqual(offsetsAndRows(batches), [
    [1000, 30],
    [1030, 30],
    [1060, 30],
    [1090, 10],
  ]);
});

test('a batch ends at every cut, however few rows it has by then', async () => {
  const messages = messagesOf(SCHEMA, someRows(100), [33]);
  // 500 was passed by, 512 is where the rows begin, 700 is never reached.
  const cuts = [500, 512, 513, 540, 700];
  assert.deepEqual(offsetsAndRows(await cut(LAYOUT, messages, { firstRow: 512, maxRows: 40, cuts })), [
    [512, 1],
    [513, 27],
    [540, 40],
    [580, 32],
  ]);
});

test('every batch is as large as its bytes allow: one more row would not have fitted', async () => {
  const rows = someRows(200);
  for (const maxBytes of [2_000, 3_000, 10_000]) {
    const batches = await cut(LAYOUT, messagesOf(SCHEMA, rows, [64]), { maxBytes });
    for (const [i, batch] of batches.entries()) {
      assert.ok(batch.bytes <= maxBytes);
      if (i === batches.length - 1) break;
      const oneMore = rows.slice(batch.readOffset, batch.readOffset + batch.rows.rowCount + 1);
      const [larger] = await cut(LAYOUT, messagesOf(SCHEMA, oneMore, [200]));
      assert.ok(larger);
      assert.equal(larger.rows.rowCount, oneMore.length);
      assert.ok(larger.bytes > maxBytes);
    }
  }
});

test('the same rows make the same batches to the byte, however messages divide and encode them', async () => {
  const rows = someRows(300);
  const limits = { maxRows: 90, maxBytes: 4_000, cuts: [17, 100] };
  const expected = await cut(LAYOUT, messagesOf(SCHEMA, rows, [300]), limits);
  for (let seed = 0; seed < 20; seed++) {
    const random = new SeededRandom(seed);
    const liberties = (): Liberties => ({
      random,
      alignment: random.pick([8, 64]),
      looseOffsets: random.chance(0.5),
      garbageUnderNull: false,
      spareBitmaps: random.chance(0.5),
    });
    const sizes = Array.from({ length: 10 }, () => random.below(60));
    const messages = messagesOf(SCHEMA, rows, [...sizes, 50], liberties);
    assert.deepEqual(await cut(LAYOUT, messages, limits), expected, `seed ${seed}`);
  }
});

test('a run that begins in the middle cuts on as the one before it did', async () => {
  const rows = someRows(200);
  const limits = { maxRows: 60, maxBytes: 3_000 };
  const all = await cut(LAYOUT, messagesOf(SCHEMA, rows, [31]), limits);
  const third = all[2] as CutBatch;
  const rest = messagesOf(SCHEMA, rows.slice(third.readOffset), [50]);
  assert.deepEqual(await cut(LAYOUT, rest, { ...limits, firstRow: third.readOffset }), all.slice(2));
});

test('messages without rows change nothing, and no rows make no batch', async () => {
  const rows = someRows(5);
  const messages = messagesOf(SCHEMA, rows, [0, 0, 2, 0, 3, 0]);
  assert.deepEqual(await cut(LAYOUT, messages), await cut(LAYOUT, messagesOf(SCHEMA, rows, [5])));
  assert.deepEqual(await cut(LAYOUT, []), []);
  assert.deepEqual(await cut(LAYOUT, messagesOf(SCHEMA, [], [0, 0])), []);
});

test('a row too large for any batch is rejected by its read offset, after the rows before it were handed out', async () => {
  const rows = someRows(8).map((row, i) => (i === 5 ? [row[0], 'x'.repeat(5_000), null, null] : row));
  const yielded: number[] = [];
  const cutting = async (): Promise<void> => {
    const limits = { ...NO_LIMIT, firstRow: 70, maxBytes: 4_000 };
    for await (const batch of cutBatches(arriving(messagesOf(SCHEMA, rows, [8])), LAYOUT, limits))
      yielded.push(batch.rows.rowCount);
  };
  await assert.rejects(cutting(), (error) => {
    assert.ok(error instanceof TerminalError);
    assert.equal(error.reason, 'row_rejected');
    assert.match(error.message, /read offset 75 .* 5\d\d\d bytes .* 4000/);
    return true;
  });
  assert.deepEqual(yielded, [5]);
});

test('a row of exactly the bytes allowed is a batch, one byte less rejects it', async () => {
  const messages = messagesOf(SCHEMA, someRows(1), [1]);
  const [batch] = await cut(LAYOUT, messages);
  const maxBytes = batch?.bytes as number;
  assert.deepEqual(await cut(LAYOUT, messages, { maxBytes }), [batch]);
  await assert.rejects(cut(LAYOUT, messages, { maxBytes: maxBytes - 1 }), { reason: 'row_rejected' });
});

test('no message is asked for before the batch in hand has been taken', async () => {
  let asked = 0;
  async function* counted(): AsyncGenerator<ArrowRows> {
    for (const message of messagesOf(SCHEMA, someRows(30), [10])) {
      asked += 1;
      yield await Promise.resolve(message);
    }
  }
  const batches = cutBatches(counted(), LAYOUT, { ...NO_LIMIT, maxRows: 5 });
  for (const expected of [1, 1, 2, 2, 3, 3]) {
    await batches.next();
    assert.equal(asked, expected);
  }
});

test('whoever stops early closes the source', async () => {
  let closed = false;
  async function* closing(): AsyncGenerator<ArrowRows> {
    try {
      yield* arriving(messagesOf(SCHEMA, someRows(30), [10]));
    } finally {
      closed = true;
    }
  }
  const batches = cutBatches(closing(), LAYOUT, { ...NO_LIMIT, maxRows: 5 });
  await batches.next();
  await batches.return(undefined);
  assert.equal(closed, true);
});

test('a damaged message is an error, not damaged rows', async () => {
  const message = encodeRows(SCHEMA, someRows(50));
  const rowCount = 50;
  await assert.rejects(
    cut(LAYOUT, [{ recordBatch: message.subarray(0, message.length - 40), rowCount }]),
    /cut to/,
  );
  await assert.rejects(cut(LAYOUT, [{ recordBatch: message, rowCount: 51 }]), /announced with 51 rows/);
  const other = new Schema(SCHEMA.fields.slice(0, 3));
  const otherRows = { recordBatch: encodeRows(other, someRows(50)), rowCount };
  await assert.rejects(cut(LAYOUT, [otherRows]), /3 fields where its schema has 7/);
  const names = new Schema(SCHEMA.fields.slice(0, 2));
  const short = Buffer.from(
    encodeRows(names, [
      [1n, 'ab'],
      [2n, 'cd'],
    ]),
  );
  // The body: 16 bytes of cursors, three offsets padded to 16 bytes, and four letters padded to 8.
  const lastOffset = short.length - 40 + 16 + 8;
  assert.equal(short.readInt32LE(lastOffset), 4);
  short.writeInt32LE(5, lastOffset);
  await assert.rejects(cut(layoutOf(names), [{ recordBatch: short, rowCount: 2 }]), /damaged at column name/);
});

function someRows(count: number): (readonly unknown[])[] {
  return randomRows(TYPES, count, new SeededRandom(count));
}

function offsetsAndRows(batches: readonly CutBatch[]): number[][] {
  return batches.map((batch) => [batch.readOffset, batch.rows.rowCount]);
}
