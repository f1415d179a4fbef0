// Folders of CSV and Parquet files behind the same port as BigQuery.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { tableFromIPC } from 'apache-arrow';
import type { ReadSession, Slice, Source } from '../../src/etl/source.ts';
import { filesSource } from '../../src/sources/files/files-source.ts';
import { decodeBatch } from '../support/arrow-values.ts';

const TABLE = { project: 'finance', dataset: 'exports', table: 'acme' };
const NOON = 1_767_268_800_000_000n;
const HOUR = 3_600_000_000n;
const SAMPLE = new URL('../support/parquet/sample.parquet', import.meta.url);
const SCHEMA = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'cost', type: 'FLOAT' },
  { name: 'currency', type: 'STRING' },
  { name: 'credits', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'amount', type: 'NUMERIC' }] },
  { name: 'export_time', type: 'TIMESTAMP' },
];

type Folder = {
  readonly source: Source;
  readonly path: string;
  /** Writes a file as of an instant. */
  readonly put: (name: string, text: string, at?: bigint) => Promise<void>;
};

async function folder(context: TestContext): Promise<Folder> {
  const root = await mkdtemp(join(tmpdir(), 'files-source-'));
  context.after(() => rm(root, { recursive: true }));
  const path = join(root, TABLE.project, TABLE.dataset, TABLE.table);
  await mkdir(path, { recursive: true });
  return {
    source: filesSource({ root, now: () => NOON }),
    path,
    put: async (name, text, at = NOON - HOUR) => {
      await writeFile(join(path, name), text);
      await utimes(join(path, name), Number(at) / 1e6, Number(at) / 1e6);
    },
  };
}

async function csvFolder(context: TestContext): Promise<Folder> {
  const made = await folder(context);
  await made.put('_schema.json', JSON.stringify(SCHEMA));
  return made;
}

function slice(lo: bigint | undefined, hi: bigint, snapshot = NOON): Slice {
  return { table: TABLE, location: 'files', cursorField: 'export_time', window: { lo, hi }, snapshot };
}

async function idsOf(source: Source, session: ReadSession, stream: string, offset = 0): Promise<number[]> {
  const ids: number[] = [];
  for await (const { recordBatch } of source.readRows(stream, offset, new AbortController().signal)) {
    const batch = decodeBatch(session.arrowSchema, recordBatch);
    ids.push(...Array.from({ length: batch.numRows }, (_, row) => Number(batch.getChild('id')?.get(row))));
  }
  return ids;
}

const lines = (from: number, to: number): string =>
  ['id,cost,currency,credits,export_time']
    .concat(
      Array.from({ length: to - from + 1 }, (_, i) => {
        const id = from + i;
        const at = `2026-01-01T${String(id % 24).padStart(2, '0')}:00:00.000001Z`;
        return `${id},0.1,EUR,"[{""amount"":""-0.000000001""}]",${at}`;
      }),
    )
    .join('\n');

test('a table is its folder: the schema file describes it, and without a folder there is none', async (context) => {
  const { source } = await csvFolder(context);
  const described = await source.describe(TABLE);
  assert.deepEqual(
    described?.schema.map(({ name, type, mode }) => `${name} ${type} ${mode}`),
    [
      'id INT64 REQUIRED',
      'cost FLOAT64 NULLABLE',
      'currency STRING NULLABLE',
      'credits STRUCT REPEATED',
      'export_time TIMESTAMP NULLABLE',
    ],
  );
  assert.equal(await source.describe({ ...TABLE, table: 'nobody' }), undefined);
});

test('a window begins after lo and ends with hi, over files that were there at the snapshot', async (context) => {
  const { source, put } = await csvFolder(context);
  await put('a.csv', lines(1, 4));
  await put('b.csv', lines(5, 8));
  await put('late.csv', lines(1, 8), NOON + 1_000_000n);
  await put('_half-written.csv', 'nonsense');
  const at = (hour: number): bigint => 1_767_225_600_000_001n + BigInt(hour) * HOUR;
  assert.deepEqual(await source.survey({ ...slice(undefined, 0n), lo: undefined }), {
    maxCursor: at(8),
    nullCursors: 0,
  });
  const part = slice(at(2), at(6));
  assert.equal((await source.estimate(part)).rows, 4);
  const session = await source.openReadSession(part, 2);
  assert.equal(session.streams.length, 2);
  const read = await Promise.all(session.streams.map((stream) => idsOf(source, session, stream)));
  assert.deepEqual(read.flat().sort(), [3, 4, 5, 6]);
  assert.deepEqual(await idsOf(source, session, session.streams[0]!, 1), [4], 'from an offset on');
});

test('totals are exact to the last decimal, and no rows have none', async (context) => {
  const { source, put } = await csvFolder(context);
  await put('a.csv', lines(1, 3));
  const columns = { columns: ['cost', 'credits.amount'], currencyColumn: 'currency', schema: [] };
  const none = { nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
  assert.deepEqual(await source.totals(slice(undefined, NOON), columns), [
    {
      currency: 'EUR',
      rows: 3,
      columns: { cost: { sum: '0.3', ...none }, 'credits.amount': { sum: '-0.000000003', ...none } },
    },
  ]);
  assert.deepEqual(await source.totals(slice(NOON, NOON), columns), []);
  await put('b.csv', 'id,cost,currency,export_time\n9,1,EUR,2025-12-31T23:59:59.999999Z');
  const days = await source.dailyTotals(slice(undefined, NOON), columns);
  assert.deepEqual(
    days.map(({ day, totals }) => [day, totals[0]?.rows, totals[0]?.columns['cost']?.sum]),
    [
      ['2025-12-31', 1, '1'],
      ['2026-01-01', 3, '0.3'],
    ],
  );
});

test('a session ends when a file of it changes, for its rows would no longer be the same', async (context) => {
  const { source, put } = await csvFolder(context);
  await put('a.csv', lines(1, 4));
  const session = await source.openReadSession(slice(undefined, NOON), 1);
  assert.deepEqual(await source.resumeReadSession(session), session);
  await put('b.csv', lines(5, 6), NOON + 1_000n);
  assert.deepEqual(await source.resumeReadSession(session), session, 'a later file is none of its own');
  await put('a.csv', lines(1, 3));
  assert.equal(await source.resumeReadSession(session), undefined);
  await assert.rejects(idsOf(source, session, session.streams[0]!), { reason: 'stream_lost' });
});

for (const { title, text, message } of [
  {
    title: 'a number that is none',
    text: 'id,cost\n1,0.1\n2,ten',
    message: /a\.csv, row 3: column cost \(FLOAT64\) cannot hold "ten"/,
  },
  { title: 'a column nobody knows', text: 'id,colour\n1,red', message: /a\.csv has columns .*: colour/ },
  { title: 'a line with too few cells', text: 'id,cost\n1', message: /a\.csv is no CSV: .*line 2/i },
])
  test(`${title} fails the read, naming the place`, async (context) => {
    const { source, put } = await csvFolder(context);
    await put('a.csv', text);
    await assert.rejects(source.estimate(slice(undefined, NOON)), { outcome: 'terminal', message });
  });

test('CSV files without a schema beside them are refused with the mend', async (context) => {
  const { source, put } = await folder(context);
  await put('a.csv', lines(1, 1));
  await assert.rejects(source.describe(TABLE), /put _schema\.json beside it/);
});

test('every kind of Parquet column arrives without loss', async (context) => {
  const { source, path } = await folder(context);
  await copyFile(SAMPLE, join(path, 'sample.parquet'));
  await utimes(join(path, 'sample.parquet'), 1, 1);
  const described = await source.describe(TABLE);
  assert.deepEqual(
    described?.schema.map(({ name, type, mode }) => `${name} ${type}${mode === 'REPEATED' ? '[]' : ''}`),
    [
      ...['id INT64', 'small INT64', 'cost FLOAT64', 'price NUMERIC', 'precise BIGNUMERIC', 'paid BOOL'],
      ...['name STRING', 'raw BYTES', 'day DATE', 'clock TIME', 'local DATETIME', 'export_time TIMESTAMP'],
      ...['credits STRUCT[]', 'project STRUCT'],
    ],
  );
  const session = await source.openReadSession(slice(undefined, NOON), 1);
  const rows: unknown[] = [];
  for await (const { recordBatch } of source.readRows(session.streams[0]!, 0, new AbortController().signal)) {
    const batch = decodeBatch(session.arrowSchema, recordBatch);
    for (let row = 0; row < batch.numRows; row += 1) rows.push(batch.get(row)?.toJSON());
  }
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)),
    ) as unknown;
  const [first, second, third] = rows.map(plain) as Record<string, unknown>[];
  assert.equal(rows.length, 5);
  assert.equal(first?.['id'], '1n');
  assert.equal(first['name'], 'Zürich');
  assert.equal(first['clock'], '86399999999n');
  assert.deepEqual(first['credits'], [
    { name: 'promo', amount: -0.1 },
    { name: null, amount: null },
  ]);
  assert.deepEqual(first['project'], { id: 'p', labels: ['a', 'b'] });
  assert.equal(second?.['cost'], -2.5);
  assert.equal(second['name'], '');
  assert.deepEqual(third?.['credits'], [], 'a NULL list is an empty array, as in BigQuery');
  assert.equal(third['cost'], 1e-10);
});

test('the schema message says the types that BigQuery itself sends', async (context) => {
  const { source, path } = await folder(context);
  await copyFile(SAMPLE, join(path, 'sample.parquet'));
  await utimes(join(path, 'sample.parquet'), 1, 1);
  const { arrowSchema } = await source.openReadSession(slice(undefined, NOON), 1);
  const end = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
  const { schema } = tableFromIPC(Buffer.concat([arrowSchema, end]));
  const types = Object.fromEntries(schema.fields.map(({ name, type }) => [name, String(type)]));
  assert.deepEqual(types, {
    id: 'Int64',
    small: 'Int64',
    cost: 'Float64',
    price: 'Decimal[38e+9]',
    precise: 'Decimal[76e+38]',
    paid: 'Bool',
    name: 'Utf8',
    raw: 'Binary',
    day: 'Date32<DAY>',
    clock: 'Time64<MICROSECOND>',
    local: 'Timestamp<MICROSECOND>',
    export_time: 'Timestamp<MICROSECOND, UTC>',
    credits: 'List<Struct<{name:Utf8, amount:Float64}>>',
    project: 'Struct<{id:Utf8, labels:List<Utf8>}>',
  });
});
