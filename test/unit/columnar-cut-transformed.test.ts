// Rows that a transform made are cut into batches by the rows they were made of, however the rows arrive.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyLayout, nodesOf } from '../../src/columnar/copy-layout.ts';
import { cutTransformed } from '../../src/columnar/cut-transformed.ts';
import { rowDecoder } from '../../src/columnar/decode-rows.ts';
import { encodeRows } from '../../src/columnar/encode-rows.ts';
import { IncomingRows } from '../../src/columnar/incoming-rows.ts';
import { HEADER, readIpcMessage } from '../../src/columnar/ipc-message.ts';
import type { MadeRows } from '../../src/columnar/made-rows.ts';
import type { CutBatch } from '../../src/columnar/open-batch.ts';
import type { Row } from '../../src/columnar/row-value.ts';
import { tableSchemaMessage } from '../../src/columnar/table-schema-message.ts';
import { LINEAGE_FIELDS, type TableSchema } from '../../src/job/table-schema.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const COLUMNS: TableSchema = [
  { name: 'id', type: 'INT64', mode: 'NULLABLE' },
  { name: 'text', type: 'STRING', mode: 'NULLABLE' },
  { name: 'at', type: 'TIMESTAMP', mode: 'NULLABLE' },
];
const layout = copyLayout({
  arrowSchema: tableSchemaMessage(COLUMNS),
  cursorField: 'at',
  lineage: 'acme/job/1',
  verify: { columns: ['id'], currencyColumn: undefined, schema: COLUMNS },
});
const LAYOUTS = { read: layout, rows: layout, rejected: layout };

/** What was made of one row: rows, or a rejection. */
type Made = { readonly rows: readonly Row[]; readonly rejected: readonly Row[] };

/** Whatever is made of the rows read, they are these. */
const READ = { id: 1000n, at: 86_400_000_000n };

const rowOf = (id: number, length = 10): Row => ({ id: BigInt(id), text: 'x'.repeat(length), at: 5n });

function randomMade(random: SeededRandom, id: number): Made {
  if (random.chance(0.2)) return { rows: [], rejected: random.chance(0.5) ? [rowOf(id)] : [] };
  return {
    rows: Array.from({ length: 1 + random.below(3) }, () => rowOf(id, random.below(60))),
    rejected: [],
  };
}

/** As it comes from a thread, some rows at a time. */
async function* arriving(made: readonly Made[], sizes: () => number): AsyncGenerator<MadeRows> {
  for (let from = 0; from < made.length;) {
    const some = made.slice(from, from + sizes());
    from += some.length;
    const counted = (of: (one: Made) => number) => {
      let sum = 0;
      return Uint32Array.from(some, (one) => (sum += of(one)));
    };
    const [rows, rejected] = [some.flatMap((one) => one.rows), some.flatMap((one) => one.rejected)];
    yield {
      message: encodeRows(COLUMNS, [READ, READ, ...some.map(() => READ)]),
      start: 2,
      digests: BigUint64Array.from(rows, () => 7n),
      ends: counted((one) => one.rows.length),
      rejectedEnds: counted((one) => one.rejected.length),
      rows: rows.length > 0 ? encodeRows(COLUMNS, rows) : undefined,
      rejected: rejected.length > 0 ? encodeRows(COLUMNS, rejected) : undefined,
    };
  }
}

async function cut(
  made: readonly Made[],
  sizes: () => number,
  limits: { readonly maxRows?: number; readonly maxBytes?: number; readonly cuts?: readonly number[] } = {},
): Promise<CutBatch[]> {
  const options = { firstRow: 100, maxRows: 20, maxBytes: 4000, cuts: [], ...limits };
  const batches: CutBatch[] = [];
  for await (const batch of cutTransformed(arriving(made, sizes), LAYOUTS, options)) batches.push(batch);
  return batches;
}

function idsOf({ recordBatch, rowCount }: CutBatch['rows']): number[] {
  if (rowCount === 0) return [];
  const columns = [...COLUMNS, ...LINEAGE_FIELDS];
  const nodes = nodesOf(readIpcMessage(tableSchemaMessage(columns), HEADER.schema));
  const rows = rowDecoder(columns, nodes)(new IncomingRows({ recordBatch, rowCount }, nodes), 0, rowCount);
  for (const row of rows) assert.deepEqual([row['_etl_job_id'], row['_etl_cursor']], ['acme/job/1', 5n]);
  return rows.map((row) => Number(row['id']));
}

function totalsOf(rows: readonly Row[]) {
  const sum = String(rows.reduce((ids, { id }) => ids + (id as bigint), 0n));
  const columns = { id: { sum, nan: 0, positiveInfinity: 0, negativeInfinity: 0 } };
  return { currency: null, rows: rows.length, columns };
}

const contents = (batches: readonly CutBatch[]) =>
  batches.map(({ rows, rejected, ...counts }) => ({
    ...counts,
    rows: idsOf(rows),
    rejected: rejected ? idsOf(rejected) : [],
  }));

for (let seed = 1; seed <= 20; seed += 1)
  test(`batches hold every row made, within their limits and whatever the arrivals (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const made = Array.from({ length: 60 + random.below(60) }, (_, id) => randomMade(random, id));
    const batches = contents(await cut(made, () => 1 + random.below(40)));
    assert.deepEqual(contents(await cut(made, () => 7)), batches);
    assert.deepEqual(
      batches.flatMap(({ rows }) => rows),
      made.flatMap(({ rows }) => rows.map(({ id }) => Number(id))),
    );
    assert.deepEqual(
      batches.flatMap(({ rejected }) => rejected),
      made.flatMap(({ rejected }) => rejected.map(({ id }) => Number(id))),
    );
    let at = 100;
    for (const batch of batches) {
      assert.equal(batch.readOffset, at);
      const own = made.slice(at - 100, at - 100 + batch.rowsRead);
      assert.equal(batch.rows.length, own.flatMap(({ rows }) => rows).length, 'a batch ends at a row read');
      assert.equal(batch.rowsRejected, own.filter(({ rejected }) => rejected.length > 0).length);
      assert.equal(
        batch.rowsDropped,
        own.filter(({ rows, rejected }) => rows.length + rejected.length === 0).length,
      );
      assert.deepEqual(batch.days, {
        read: [{ day: '1970-01-02', totals: [totalsOf(Array<Row>(batch.rowsRead).fill(READ))] }],
        written:
          batch.rows.length === 0
            ? []
            : [
                {
                  day: '1970-01-01',
                  totals: [
                    {
                      ...totalsOf(own.flatMap(({ rows }) => rows)),
                      fingerprint: String(7 * batch.rows.length),
                    },
                  ],
                },
              ],
      });
      assert.ok(batch.rowsRead <= 20 && batch.rows.length <= 20 && batch.bytes <= 4000);
      at += batch.rowsRead;
    }
    assert.equal(at - 100, made.length);
  });

test('a resumed run cuts where the one before it cut', async () => {
  const made = Array.from({ length: 30 }, (_, id) => ({ rows: [rowOf(id)], rejected: [] }));
  const batches = await cut(made, () => 30, { cuts: [103, 110] });
  assert.deepEqual(
    batches.map(({ rowsRead }) => rowsRead),
    [3, 7, 20],
  );
});

test('batches of rows of which nothing is made have no message, and are told', async () => {
  const made = Array.from({ length: 25 }, () => ({ rows: [], rejected: [] }));
  const batches = await cut(made, () => 10);
  assert.deepEqual(
    batches.map(({ rowsRead, rowsDropped, rows, bytes }) => [rowsRead, rowsDropped, rows.rowCount, bytes]),
    [
      [20, 20, 0, 0],
      [5, 5, 0, 0],
    ],
  );
});

test('what one row makes is never divided: it may be more rows than the limit, but never more bytes', async () => {
  const many = { rows: Array.from({ length: 30 }, (_, id) => rowOf(id, 1)), rejected: [] };
  const one = { rows: [rowOf(99)], rejected: [] };
  const batches = await cut([one, many, one], () => 3, { maxBytes: 10_000 });
  assert.deepEqual(
    batches.map(({ rows }) => rows.rowCount),
    [1, 30, 1],
  );
  await assert.rejects(
    cut([one, { rows: [rowOf(1, 9000)], rejected: [] }], () => 2),
    {
      reason: 'row_rejected',
      message: /the row at read offset 101 is larger than the 4000 bytes/,
    },
  );
  await assert.rejects(
    cut([{ rows: [], rejected: [rowOf(1, 9000)] }], () => 1),
    { reason: 'row_rejected' },
  );
});
