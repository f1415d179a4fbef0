// The Storage Read API of the stand-in: sessions over one state of a table, stable order, offsets, small messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Int64, Table, vectorFromArray } from 'apache-arrow';
import { appendRows, readStream, tableOf } from './bigquery-emulator-arrow.ts';
import { newDataset, PROJECT, rowsOf, tablePath, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();
const MOST_MESSAGE_BYTES = 4 * 1024 * 1024;

interface SessionOptions {
  readonly streams?: number;
  readonly fields?: string[];
  readonly restriction?: string;
  readonly snapshotMs?: number;
}

interface ReadSession {
  readonly schema: Uint8Array;
  readonly streams: string[];
}

async function readSession(
  dataset: string,
  table: string,
  options: SessionOptions = {},
): Promise<ReadSession> {
  const snapshotTime = { seconds: Math.trunc((options.snapshotMs ?? 0) / 1000) };
  const [session] = await warehouse().read.createReadSession({
    parent: `projects/${PROJECT}`,
    readSession: {
      table: tablePath(dataset, table),
      dataFormat: 'ARROW',
      readOptions: { selectedFields: options.fields ?? [], rowRestriction: options.restriction ?? '' },
      ...(options.snapshotMs === undefined ? {} : { tableModifiers: { snapshotTime } }),
    },
    maxStreamCount: options.streams ?? 1,
  });
  return {
    schema: session.arrowSchema!.serializedSchema as Uint8Array,
    streams: session.streams!.map(({ name }) => name!),
  };
}

async function idsOf(session: ReadSession, stream: string, offset = 0): Promise<number[]> {
  const rows = tableOf(session.schema, await readStream(warehouse().read, stream, offset));
  return [...(rows.getChild('id') ?? [])].map(Number);
}

async function allIds(session: ReadSession): Promise<number[]> {
  return (await Promise.all(session.streams.map((stream) => idsOf(session, stream)))).flat();
}

async function tableOfIds(count: number, columns = 'id'): Promise<string> {
  const dataset = await newDataset(warehouse());
  const ids = `UNNEST(GENERATE_ARRAY(0, ${count - 1})) AS id`;
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.t AS SELECT ${columns} FROM ${ids}`);
  return dataset;
}

async function append(dataset: string, ...ids: number[]): Promise<void> {
  const { write } = warehouse();
  const parent = tablePath(dataset, 't');
  const [{ name }] = await write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  const rows = new Table({ id: vectorFromArray(ids.map(BigInt), new Int64()) });
  await appendRows(write, name!, [{ rows, offset: 0 }]);
  await write.finalizeWriteStream({ name: name! });
  await write.batchCommitWriteStreams({ parent, writeStreams: [name!] });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

test("the session's schema message and a batch can be appended as they are", async () => {
  const dataset = await tableOfIds(3);
  const session = await readSession(dataset, 't');
  const [message] = await readStream(warehouse().read, session.streams[0]!);
  const { write } = warehouse();
  const parent = tablePath(dataset, 't');
  const [{ name }] = await write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });

  const connection = write.appendRows();
  connection.write({
    writeStream: name!,
    arrowRows: {
      writerSchema: { serializedSchema: session.schema },
      rows: { serializedRecordBatch: message!.batch },
    },
  });
  await new Promise((answered) => connection.once('data', answered));
  connection.end();

  const [finalized] = await write.finalizeWriteStream({ name: name! });
  assert.equal(Number(finalized.rowCount), 3);
});

test('reading on from an offset gives the rows that were not yet read', async () => {
  const dataset = await tableOfIds(1000);
  const session = await readSession(dataset, 't', { restriction: 'id >= 10' });
  const unrestricted = await readSession(dataset, 't');

  assert.deepEqual(await idsOf(session, session.streams[0]!, 980), range(990, 1000));
  assert.deepEqual(await idsOf(unrestricted, unrestricted.streams[0]!, 995), range(995, 1000));
  assert.deepEqual(await idsOf(unrestricted, unrestricted.streams[0]!, 1000), []);
});

test('wide rows come in messages of at most 4 MiB, in the same order each time', async () => {
  const dataset = await tableOfIds(6000, "id, REPEAT('x', 4000) AS pad");
  const session = await readSession(dataset, 't', { streams: 2 });
  const messages = (
    await Promise.all(session.streams.map((stream) => readStream(warehouse().read, stream)))
  ).flat();

  assert.ok(messages.length > 4);
  for (const { batch } of messages) assert.ok(batch.length <= MOST_MESSAGE_BYTES, `${batch.length} bytes`);
  assert.deepEqual(await allIds(session), range(0, 6000));
});

test('a small table too is split into as many streams as asked for, an empty one has none', async () => {
  const split = await readSession(await tableOfIds(10), 't', { streams: 3 });
  assert.equal(split.streams.length, 3);
  assert.deepEqual(await allIds(split), range(0, 10));

  const dataset = await newDataset(warehouse());
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.empty (id INT64)`);
  assert.deepEqual((await readSession(dataset, 'empty', { streams: 3 })).streams, []);
});

test('a restriction on a timestamp is exact to the microsecond', async () => {
  const dataset = await tableOfIds(100, 'id, TIMESTAMP_MICROS(1767225600000000 + id) AS export_time');
  const at = (micros: string): string => `TIMESTAMP '2026-01-01 00:00:00.0000${micros} UTC'`;
  const session = await readSession(dataset, 't', {
    streams: 2,
    fields: ['id'],
    restriction: `export_time > ${at('41')} AND export_time <= ${at('57')}`,
  });
  assert.deepEqual(await allIds(session), range(42, 58));
});

test('a restriction that is no plain condition is refused', async () => {
  const dataset = await tableOfIds(1);
  const invalid = { code: 3 };
  await assert.rejects(
    readSession(dataset, 't', { restriction: `id IN (SELECT id FROM ${dataset}.t)` }),
    invalid,
  );
  await assert.rejects(readSession(dataset, 't', { restriction: 'nothing = 1' }), invalid);
  await assert.rejects(readSession(dataset, 'missing'), { code: 5 });
});

test('a session at a snapshot time sees what was committed until then, through any way in', async () => {
  const dataset = await tableOfIds(3);
  await append(dataset, 3);
  const [{ now }] = (await rowsOf<{ now: { value: string } }>(
    warehouse(),
    'SELECT CURRENT_TIMESTAMP() AS now',
  )) as [{ now: { value: string } }];
  const asOf = `SELECT id FROM ${dataset}.t FOR SYSTEM_TIME AS OF TIMESTAMP '${now.value}' ORDER BY id`;
  const seconds = Math.floor(Date.parse(now.value) / 1000);
  const micros = Number(/\.(\d{6})/.exec(now.value)![1]);
  const [session] = await warehouse().read.createReadSession({
    parent: `projects/${PROJECT}`,
    readSession: {
      table: tablePath(dataset, 't'),
      dataFormat: 'ARROW',
      tableModifiers: { snapshotTime: { seconds, nanos: micros * 1000 } },
    },
    maxStreamCount: 1,
  });
  const atSnapshot: ReadSession = {
    schema: session.arrowSchema!.serializedSchema as Uint8Array,
    streams: session.streams!.map(({ name }) => name!),
  };
  await append(dataset, 4);
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.t (id) VALUES (5)`);
  assert.deepEqual(await allIds(atSnapshot), [0, 1, 2, 3]);
  assert.deepEqual(
    await rowsOf(warehouse(), asOf),
    range(0, 4).map((id) => ({ id })),
  );

  await rowsOf(warehouse(), `DELETE FROM ${dataset}.t WHERE id < 2`);

  assert.deepEqual(await allIds(atSnapshot), [0, 1, 2, 3], 'an open session outlives a rewrite of the table');
  assert.deepEqual(
    await rowsOf(warehouse(), asOf),
    range(0, 4).map((id) => ({ id })),
  );
  assert.deepEqual(await rowsOf(warehouse(), asOf.replace(`TIMESTAMP '${now.value}'`, '@at'), { at: now }), [
    ...range(0, 4).map((id) => ({ id })),
  ]);
  assert.deepEqual(await allIds(await readSession(dataset, 't')), [2, 3, 4, 5]);
});

test('a snapshot before the table was made, or in the future, is refused', async () => {
  const dataset = await tableOfIds(1);
  const anHourMs = 3_600_000;
  for (const snapshotMs of [Date.now() - anHourMs, Date.now() + anHourMs]) {
    await assert.rejects(readSession(dataset, 't', { snapshotMs }), { code: 3 });
  }
});
