import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import type { ReadSession, Slice } from '../../src/etl/source.ts';
import { TransientError } from '../../src/job/errors.ts';
import type { TableRef } from '../../src/job/table-ref.ts';
import { sourceBigQuery } from '../support/environment.ts';
import { at, openSource, settingsFor, sqlName } from './bigquery-adapter-side.ts';

const { source, query, newTable, location } = openSource();
const never = new AbortController().signal;

/** The whole of a table as it is now, up to far in the future. */
async function wholeOf(table: TableRef, window: Partial<Slice['window']> = {}): Promise<Slice> {
  const snapshot = await source.currentTime(location, table);
  const everything = { lo: undefined, hi: at(3_600_000_000) };
  return { table, location, cursorField: 'export_time', snapshot, window: { ...everything, ...window } };
}

async function idsIn(session: ReadSession, stream: string, offset = 0): Promise<number[]> {
  const ids: number[] = [];
  for await (const { recordBatch, rowCount } of source.readRows(stream, offset, never)) {
    const batch = tableFromIPC(Buffer.concat([session.arrowSchema, recordBatch]));
    assert.equal(batch.numRows, rowCount);
    for (const id of batch.getChild('id')!) ids.push(Number(id));
  }
  return ids;
}

async function allIds(session: ReadSession): Promise<number[]> {
  const perStream = await Promise.all(session.streams.map((stream) => idsIn(session, stream)));
  return perStream.flat().sort((a, b) => a - b);
}

async function tableOfMicros(count: number): Promise<TableRef> {
  const table = await newTable('id INT64, export_time TIMESTAMP');
  await query(
    `INSERT INTO ${sqlName(table)} (id, export_time) SELECT n, TIMESTAMP_ADD(TIMESTAMP '2026-01-01 00:00:00+00', INTERVAL n MICROSECOND) FROM UNNEST(GENERATE_ARRAY(1, ${count})) AS n`,
  );
  return table;
}

describe('BigQuery as a source', () => {
  it('describes a table with nested columns and says nothing of one that is not there', async () => {
    const table = await newTable(
      'id INT64 NOT NULL, cost FLOAT64, price STRUCT<list NUMERIC>, credits ARRAY<STRUCT<amount FLOAT64, name STRING>>, big BIGNUMERIC, ok BOOL',
    );
    const described = await source.describe(table);
    assert.deepEqual(described?.schema, [
      { name: 'id', type: 'INT64', mode: 'REQUIRED' },
      { name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' },
      {
        name: 'price',
        type: 'STRUCT',
        mode: 'NULLABLE',
        fields: [{ name: 'list', type: 'NUMERIC', mode: 'NULLABLE' }],
      },
      {
        name: 'credits',
        type: 'STRUCT',
        mode: 'REPEATED',
        fields: [
          { name: 'amount', type: 'FLOAT64', mode: 'NULLABLE' },
          { name: 'name', type: 'STRING', mode: 'NULLABLE' },
        ],
      },
      { name: 'big', type: 'BIGNUMERIC', mode: 'NULLABLE' },
      { name: 'ok', type: 'BOOL', mode: 'NULLABLE' },
    ]);
    assert.equal(await source.describe({ ...table, table: 'another' }), undefined);
    assert.equal(await source.describe({ ...table, dataset: 'another' }), undefined);
    assert.equal(await source.describe({ ...table, project: 'another-project' }), undefined);
  });

  it('refuses a view, whose rows cannot be read as of a past instant', async () => {
    const table = await newTable('id INT64');
    const view = { ...table, table: 'a_view' };
    await query(`CREATE VIEW ${sqlName(view)} AS SELECT * FROM ${sqlName(table)}`);
    await assert.rejects(source.describe(view), { reason: 'unsupported', message: /is a VIEW/ });
  });

  it('surveys the newest cursor to the microsecond and counts rows without one', async () => {
    const table = await tableOfMicros(3);
    const slice = await wholeOf(table);
    assert.deepEqual(await source.survey({ ...slice, lo: undefined }), { maxCursor: at(3), nullCursors: 0 });
    await query(`INSERT INTO ${sqlName(table)} (id, export_time) VALUES (9, NULL)`);
    const later = await wholeOf(table);
    assert.deepEqual(await source.survey({ ...later, lo: at(3) }), { maxCursor: at(3), nullCursors: 1 });
    assert.deepEqual(await source.survey({ ...later, lo: at(4) }), { maxCursor: undefined, nullCursors: 1 });
    // The first slice's snapshot lies before the row without a cursor.
    assert.equal((await source.survey({ ...slice, lo: undefined })).nullCursors, 0);
  });

  it('counts a window whose bounds are microseconds apart, the lower one excluded', async () => {
    const slice = await wholeOf(await tableOfMicros(10), { lo: at(3), hi: at(5) });
    // Both columns of all ten rows are read, eight bytes each. Source: BigQuery documentation, data type sizes.
    assert.deepEqual(await source.estimate(slice), { rows: 2, bytes: 160 });
  });

  it('orders by a DATETIME and by a DATE column as well', async () => {
    const table = await newTable('id INT64, day DATE, moment DATETIME');
    await query(
      `INSERT INTO ${sqlName(table)} (id, day, moment) VALUES (1, DATE '2026-01-01', DATETIME '2026-01-01 00:00:00.000001'), (2, DATE '2026-01-02', DATETIME '2026-01-01 00:00:00.000002')`,
    );
    const byMoment = { ...(await wholeOf(table)), cursorField: 'moment' };
    assert.equal((await source.survey({ ...byMoment, lo: undefined })).maxCursor, at(2));
    assert.equal((await source.estimate({ ...byMoment, window: { lo: at(1), hi: at(2) } })).rows, 1);
    const oneDay = 86_400_000_000;
    const byDay = { ...byMoment, cursorField: 'day' };
    assert.equal((await source.survey({ ...byDay, lo: undefined })).maxCursor, at(oneDay));
    assert.equal((await source.estimate({ ...byDay, window: { lo: at(0), hi: at(oneDay + 5) } })).rows, 1);
    assert.equal((await source.estimate({ ...byDay, window: { lo: at(-1), hi: at(oneDay - 1) } })).rows, 1);
  });

  it('adds up money exactly, credits once per row, and counts what has no sum apart', async () => {
    const table = await newTable(
      'export_time TIMESTAMP, currency STRING, cost FLOAT64, price STRUCT<list NUMERIC>, id INT64, credits ARRAY<STRUCT<amount FLOAT64>>, nested ARRAY<STRUCT<deep ARRAY<STRUCT<amount FLOAT64>>>>, plain ARRAY<FLOAT64>',
    );
    const nothing = `CAST([] AS ARRAY<STRUCT<deep ARRAY<STRUCT<amount FLOAT64>>>>), CAST([] AS ARRAY<FLOAT64>)`;
    await query(`INSERT INTO ${sqlName(table)} (export_time, currency, cost, price, id, credits, nested, plain) VALUES
      (TIMESTAMP '2026-01-01 00:00:01+00', 'EUR', 0.1, STRUCT(NUMERIC '1.000000001'), 9007199254740993, [STRUCT(-0.05 AS amount), STRUCT(-0.01 AS amount)], [STRUCT([STRUCT(1.5 AS amount), STRUCT(2.5 AS amount)] AS deep), STRUCT([STRUCT(4.0 AS amount)] AS deep)], [0.25, 0.5]),
      (TIMESTAMP '2026-01-01 00:00:02+00', 'EUR', 0.2, STRUCT(NUMERIC '2'), 1, CAST([] AS ARRAY<STRUCT<amount FLOAT64>>), ${nothing}),
      (TIMESTAMP '2026-01-01 00:00:03+00', NULL, CAST('nan' AS FLOAT64), NULL, NULL, [STRUCT(CAST('inf' AS FLOAT64) AS amount), STRUCT(CAST('-inf' AS FLOAT64) AS amount), STRUCT(1e-15 AS amount)], ${nothing}),
      (TIMESTAMP '2026-01-02 00:00:00+00', 'EUR', 1000.0, NULL, NULL, CAST([] AS ARRAY<STRUCT<amount FLOAT64>>), ${nothing})`);
    const slice = await wholeOf(table);
    const schema = (await source.describe(table))!.schema;
    const columns = ['cost', 'credits.amount', 'price.list', 'id', 'nested.deep.amount', 'plain'];
    const finite = { nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
    assert.deepEqual(await source.totals(slice, { columns, currencyColumn: 'currency', schema }), [
      {
        currency: null,
        rows: 1,
        columns: {
          cost: { ...finite, sum: '0', nan: 1 },
          'credits.amount': { sum: '0.000000000000001', nan: 0, positiveInfinity: 1, negativeInfinity: 1 },
          'price.list': { ...finite, sum: '0' },
          id: { ...finite, sum: '0' },
          'nested.deep.amount': { ...finite, sum: '0' },
          plain: { ...finite, sum: '0' },
        },
      },
      {
        currency: 'EUR',
        rows: 2,
        columns: {
          cost: { ...finite, sum: '0.3' },
          'credits.amount': { ...finite, sum: '-0.06' },
          'price.list': { ...finite, sum: '3.000000001' },
          id: { ...finite, sum: '9007199254740994' },
          'nested.deep.amount': { ...finite, sum: '8' },
          plain: { ...finite, sum: '0.75' },
        },
      },
    ]);
    const [all] = await source.totals(slice, { columns: ['cost'], currencyColumn: undefined, schema });
    assert.deepEqual(all, { currency: null, rows: 3, columns: { cost: { ...finite, sum: '0.3', nan: 1 } } });
    const empty = { ...slice, window: { lo: at(-2), hi: at(-1) } };
    assert.deepEqual(
      await source.totals(empty, { columns: ['cost'], currencyColumn: undefined, schema }),
      [],
    );
  });

  it('reads a slice in two streams, each from any offset in the same order', async () => {
    const session = await source.openReadSession(await wholeOf(await tableOfMicros(20_000)), 2);
    assert.equal(session.streams.length, 2);
    assert.deepEqual(
      await allIds(session),
      Array.from({ length: 20_000 }, (_, i) => i + 1),
    );
    for (const stream of session.streams) {
      const ids = await idsIn(session, stream);
      for (const offset of [1, 4_097, ids.length - 1].filter((row) => row > 0 && row < ids.length)) {
        assert.deepEqual(await idsIn(session, stream, offset), ids.slice(offset));
      }
      assert.deepEqual(await idsIn(session, stream, ids.length), []);
    }
  });

  it('reads exactly the window at the snapshot, whatever was inserted since', async () => {
    const table = await tableOfMicros(10);
    const slice = await wholeOf(table, { lo: at(3), hi: at(6) });
    await query(
      `INSERT INTO ${sqlName(table)} (id, export_time) VALUES (100, TIMESTAMP '2026-01-01 00:00:00.000005+00')`,
    );
    assert.deepEqual(await allIds(await source.openReadSession(slice, 2)), [4, 5, 6]);
    const later = { ...slice, snapshot: await source.currentTime(location, table) };
    assert.deepEqual(await allIds(await source.openReadSession(later, 2)), [4, 5, 6, 100]);
  });

  it('resumes a session that is there and knows when one is gone', async () => {
    const session = await source.openReadSession(await wholeOf(await tableOfMicros(3)), 1);
    assert.deepEqual(await source.resumeReadSession(session), session);
    const gone = {
      ...session,
      streams: session.streams.map((stream) => stream.replace(/sessions\/[^/]+/, 'sessions/gone')),
    };
    assert.equal(await source.resumeReadSession(gone), undefined);
    await assert.rejects(idsIn(gone, gone.streams[0]!), { name: 'TransientError', reason: 'stream_lost' });
  });

  it('stops reading at once when it is told to', async () => {
    const session = await source.openReadSession(await wholeOf(await tableOfMicros(20_000)), 1);
    const stop = new AbortController();
    const reason = new Error('drained');
    const reading = (async () => {
      for await (const _ of source.readRows(session.streams[0]!, 0, stop.signal)) stop.abort(reason);
    })();
    await assert.rejects(reading, reason);
  });

  it('calls a table that is not there, and one whose cursor is no time, by its name', async () => {
    const table = await newTable('id INT64, export_time STRING');
    const slice = await wholeOf(table);
    await assert.rejects(source.survey({ ...slice, lo: undefined }), {
      reason: 'invalid_configuration',
      message: /has type STRING/,
    });
    const missing = { ...slice, table: { ...table, table: 'gone' } };
    await assert.rejects(source.openReadSession(missing, 1), { reason: 'source_not_found', message: /gone/ });
  });

  it('says within seconds which host cannot be reached and what to check', async () => {
    const nowhere = { ...settingsFor(sourceBigQuery()), restHost: '127.0.0.1:9', storageHost: '127.0.0.1:9' };
    const unreachable = bigQuerySource(nowhere);
    const startMs = performance.now();
    const table = { project: 'source-env', dataset: 'any', table: 'any' };
    const expected = (host: RegExp) => (error: unknown) => {
      assert.ok(error instanceof TransientError);
      assert.equal(error.reason, 'warehouse_unavailable');
      assert.match(error.message, /127\.0\.0\.1:9 could not be reached/);
      assert.match(error.message, host);
      return true;
    };
    await assert.rejects(unreachable.describe(table), expected(/check BIGQUERY_EMULATOR_HOST/));
    const reading = unreachable
      .readRows('projects/p/locations/eu/sessions/s/streams/0', 0, never)
      [Symbol.asyncIterator]();
    await assert.rejects(reading.next(), expected(/check BIGQUERY_STORAGE_EMULATOR_HOST/));
    assert.ok(performance.now() - startMs < 20_000);
    await unreachable.close();
  });
});
