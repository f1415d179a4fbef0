// What every Source promises, whatever is behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReadSession } from '../../src/etl/source.ts';
import { rowsOf } from '../support/strict-warehouse/arrow-rows.ts';
import {
  JANUARY,
  onEveryWarehouse,
  SCHEMA,
  sliceOf,
  type BillingRow,
  type WarehouseUnderTest,
} from './warehouses.ts';

const never = new AbortController().signal;

/** The ids of a stream in its order, from an offset on. */
async function idsOf(
  { source }: WarehouseUnderTest,
  session: ReadSession,
  stream: string,
  offset = 0,
): Promise<number[]> {
  const ids: number[] = [];
  for await (const rows of source.readRows(stream, offset, never)) {
    const read = rowsOf(session.arrowSchema, rows);
    assert.equal(read.length, rows.rowCount);
    ids.push(...read.map((row) => Number(row['id'])));
  }
  return ids;
}

function ids(from: number, to: number): BillingRow[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i }));
}

onEveryWarehouse((warehouse) => {
  const { source, location } = warehouse;

  test('a table is described with its location and schema, and one that is not there is undefined', async () => {
    const table = await warehouse.newTable();
    assert.deepEqual(await source.describe(table), { table, location, schema: SCHEMA });
    assert.equal(await source.describe(warehouse.newName()), undefined);
  });

  test('time goes forward, and rows written before a moment are there at it', async () => {
    const table = await warehouse.newTable();
    const before = await sliceOf(warehouse, table);
    await warehouse.addRows(table, ids(1, 1));
    const afterwards = await sliceOf(warehouse, table);
    assert.ok(afterwards.snapshot > before.snapshot);
    assert.equal((await source.estimate(before)).rows, 0);
    assert.equal((await source.estimate(afterwards)).rows, 1);
  });

  test('a survey finds the newest cursor and counts the rows that have none', async () => {
    const table = await warehouse.newTable();
    const { snapshot: empty } = await sliceOf(warehouse, table);
    await warehouse.addRows(table, [
      { id: 1, exported: -5_000_000_000_000 },
      { id: 2, exported: 7 },
      { id: 3, exported: null },
    ]);
    const { snapshot } = await sliceOf(warehouse, table);
    const at = { table, location, cursorField: 'export_time' };
    assert.deepEqual(await source.survey({ ...at, snapshot: empty, lo: undefined }), {
      maxCursor: undefined,
      nullCursors: 0,
    });
    const found = { maxCursor: JANUARY + 7n, nullCursors: 1 };
    assert.deepEqual(await source.survey({ ...at, snapshot, lo: undefined }), found);
    assert.deepEqual(await source.survey({ ...at, snapshot, lo: JANUARY + 7n }), found);
  });

  test('a slice begins after lo and ends with hi, to the microsecond', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, [
      { id: 1, exported: 1 },
      { id: 2, exported: 2 },
      { id: 3, exported: 3 },
      { id: 4, exported: 4 },
      { id: 5, exported: null },
    ]);
    const slice = await sliceOf(warehouse, table, { lo: 1, hi: 3 });
    assert.equal((await source.estimate(slice)).rows, 2);
    const session = await source.openReadSession(slice, 1);
    assert.deepEqual((await idsOf(warehouse, session, session.streams[0]!)).sort(), [2, 3]);
    const { bytes } = await source.estimate({ ...slice, window: { lo: undefined, hi: JANUARY + 4n } });
    assert.ok(bytes > 0);
  });

  test('totals are exact per currency, with NULL, NaN and infinities apart', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, [
      { id: 1, cost: 0.1, credits: [-0.1, -0.2] },
      { id: 2, cost: 0.2 },
      { id: 3, cost: NaN },
      { id: 4, cost: -Infinity, currency: 'EUR' },
      { id: 5, cost: 1e-15, currency: null, credits: [Infinity] },
      { id: 6, cost: 5, exported: 9_000_000 },
    ]);
    const columns = { columns: ['cost', 'credits.amount'], currencyColumn: 'currency', schema: SCHEMA };
    const sum = (text: string) => ({ sum: text, nan: 0, positiveInfinity: 0, negativeInfinity: 0 });
    const totals = await source.totals(await sliceOf(warehouse, table), columns);
    assert.deepEqual(totals, [
      {
        currency: null,
        rows: 1,
        columns: { cost: sum('0.000000000000001'), 'credits.amount': { ...sum('0'), positiveInfinity: 1 } },
      },
      {
        currency: 'EUR',
        rows: 1,
        columns: { cost: { ...sum('0'), negativeInfinity: 1 }, 'credits.amount': sum('0') },
      },
      {
        currency: 'USD',
        rows: 3,
        columns: { cost: { ...sum('0.3'), nan: 1 }, 'credits.amount': sum('-0.3') },
      },
    ]);
    const whole = await source.totals(await sliceOf(warehouse, table), {
      ...columns,
      currencyColumn: undefined,
    });
    assert.deepEqual(
      whole.map(({ currency, rows }) => [currency, rows]),
      [[null, 5]],
    );
  });

  test('the totals of no rows are empty', async () => {
    const table = await warehouse.newTable();
    const columns = { columns: ['cost'], currencyColumn: 'currency', schema: SCHEMA };
    assert.deepEqual(await source.totals(await sliceOf(warehouse, table), columns), []);
  });

  test('a session reads every row once, over at most as many streams as asked for', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, ids(1, 41));
    const session = await source.openReadSession(await sliceOf(warehouse, table), 3);
    assert.ok(session.streams.length >= 1 && session.streams.length <= 3);
    assert.ok(session.expiresAt > (await source.currentTime(location, table)));
    const read = [];
    for (const stream of session.streams) read.push(...(await idsOf(warehouse, session, stream)));
    assert.deepEqual(
      read.sort((a, b) => a - b),
      ids(1, 41).map(({ id }) => id),
    );
  });

  test('a session of no rows has no rows to read', async () => {
    const table = await warehouse.newTable();
    const session = await source.openReadSession(await sliceOf(warehouse, table), 2);
    for (const stream of session.streams) assert.deepEqual(await idsOf(warehouse, session, stream), []);
  });

  test('a stream read from an offset gives the rows behind it in the same order, and none at its end', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, ids(1, 20));
    const session = await source.openReadSession(await sliceOf(warehouse, table), 1);
    const [stream] = session.streams;
    const whole = await idsOf(warehouse, session, stream!);
    for (const offset of [1, 7, 19, 20])
      assert.deepEqual(await idsOf(warehouse, session, stream!, offset), whole.slice(offset));
  });

  test('rows written after the snapshot are never read, by an old session or a new one', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, ids(1, 3));
    const slice = await sliceOf(warehouse, table);
    const early = await source.openReadSession(slice, 1);
    await warehouse.addRows(table, ids(4, 6));
    const late = await source.openReadSession(slice, 1);
    for (const session of [early, late])
      assert.deepEqual((await idsOf(warehouse, session, session.streams[0]!)).sort(), [1, 2, 3]);
  });

  test('a session can be resumed by its name, and one that is gone cannot', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, ids(1, 5));
    const session = await source.openReadSession(await sliceOf(warehouse, table), 1);
    assert.deepEqual(await source.resumeReadSession(session), session);
    const gone = {
      ...session,
      streams: session.streams.map((stream) => stream.replace(session.name, `${session.name}0`)),
    };
    assert.equal(await source.resumeReadSession(gone), undefined);
    await assert.rejects(idsOf(warehouse, gone, gone.streams[0]!), {
      reason: 'stream_lost',
      outcome: 'transient',
    });
  });

  test('a read that is aborted throws what it was aborted with', async () => {
    const table = await warehouse.newTable();
    await warehouse.addRows(table, ids(1, 20));
    const session = await source.openReadSession(await sliceOf(warehouse, table), 1);
    const abort = new AbortController();
    const why = new Error('enough');
    await assert.rejects(
      async () => {
        abort.abort(why);
        for await (const _ of source.readRows(session.streams[0]!, 0, abort.signal))
          assert.fail('a message came');
      },
      (error) => error === why,
    );
  });

  test('a table that is gone is source_not_found, for each question', async () => {
    const table = await warehouse.newTable();
    const slice = await sliceOf(warehouse, table);
    await warehouse.dropTable(table);
    const columns = { columns: ['cost'], currencyColumn: undefined, schema: SCHEMA };
    for (const ask of [
      () => source.survey({ ...slice, lo: undefined }),
      () => source.estimate(slice),
      () => source.totals(slice, columns),
      () => source.openReadSession(slice, 1),
    ])
      await assert.rejects(ask, { reason: 'source_not_found', outcome: 'terminal' });
  });

  test('a snapshot beyond time travel is snapshot_expired', async () => {
    const table = await warehouse.newTable();
    const slice = await sliceOf(warehouse, table);
    const old = { ...slice, snapshot: slice.snapshot - 8n * 86_400_000_000n };
    for (const ask of [() => source.estimate(old), () => source.openReadSession(old, 1)])
      await assert.rejects(ask, { reason: 'snapshot_expired', outcome: 'transient' });
  });
});
