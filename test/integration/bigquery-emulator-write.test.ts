// The Storage Write API of the stand-in: offsets, states, schemas, and a commit of all streams or none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Float64, Int64, Table, vectorFromArray } from 'apache-arrow';
import { appendRows } from './bigquery-emulator-arrow.ts';
import { newDataset, rowsOf, tablePath, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

const ALREADY_EXISTS = 6;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const OUT_OF_RANGE = 11;
const FAILED_PRECONDITION = 9;

function numbers(...values: number[]): Table {
  return new Table({ n: vectorFromArray(values.map(BigInt), new Int64()) });
}

async function emptyTable(): Promise<{ dataset: string; path: string }> {
  const dataset = await newDataset(warehouse());
  const schema = [
    { name: 'n', type: 'INTEGER' },
    { name: 'note', type: 'STRING' },
  ];
  await warehouse().bigquery.dataset(dataset).createTable('t', { schema });
  return { dataset, path: tablePath(dataset, 't') };
}

async function pendingStream(parent: string): Promise<string> {
  const [stream] = await warehouse().write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  return stream.name!;
}

async function finalizedStream(parent: string, ...values: number[]): Promise<string> {
  const name = await pendingStream(parent);
  await appendRows(warehouse().write, name, [{ rows: numbers(...values), offset: 0 }]);
  await warehouse().write.finalizeWriteStream({ name });
  return name;
}

function numbersIn(dataset: string): Promise<{ n: number }[]> {
  return rowsOf(warehouse(), `SELECT n FROM ${dataset}.t ORDER BY n`);
}

test('rows of pending streams appear together when they are committed', async () => {
  const { dataset, path } = await emptyTable();
  const streams = [await finalizedStream(path, 1, 2), await finalizedStream(path, 3)];
  assert.deepEqual(await numbersIn(dataset), []);

  const [committed] = await warehouse().write.batchCommitWriteStreams({
    parent: path,
    writeStreams: streams,
  });

  assert.deepEqual(committed.streamErrors, []);
  assert.ok(committed.commitTime);
  assert.deepEqual(await numbersIn(dataset), [{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('a committed stream cannot be committed again, and says when it was committed', async () => {
  const { dataset, path } = await emptyTable();
  const committed = await finalizedStream(path, 1);
  const other = await finalizedStream(path, 2);
  const [first] = await warehouse().write.batchCommitWriteStreams({
    parent: path,
    writeStreams: [committed],
  });

  const [again] = await warehouse().write.batchCommitWriteStreams({
    parent: path,
    writeStreams: [committed, other],
  });

  assert.deepEqual(
    again.streamErrors?.map(({ code, entity }) => ({ code, entity })),
    [{ code: 'STREAM_ALREADY_COMMITTED', entity: committed }],
  );
  assert.equal(again.commitTime, null);
  assert.deepEqual(await numbersIn(dataset), [{ n: 1 }], 'one stream in error commits none');
  const [known] = await warehouse().write.getWriteStream({ name: committed });
  assert.deepEqual(known.commitTime, first.commitTime);
  const [uncommitted] = await warehouse().write.getWriteStream({ name: other });
  assert.equal(uncommitted.commitTime, null);
});

test('a stream that is not finalized or not known keeps the whole group from being committed', async () => {
  const { dataset, path } = await emptyTable();
  const ready = await finalizedStream(path, 1);
  const open = await pendingStream(path);
  const unknown = `${path}/streams/0123456789abcdef`;

  const [refused] = await warehouse().write.batchCommitWriteStreams({
    parent: path,
    writeStreams: [ready, open, unknown],
  });

  assert.deepEqual(
    refused.streamErrors?.map(({ code }) => code),
    ['INVALID_STREAM_STATE', 'STREAM_NOT_FOUND'],
  );
  assert.deepEqual(await numbersIn(dataset), []);
});

test('an offset inside the stream already exists, one beyond its end is out of range', async () => {
  const { path } = await emptyTable();
  const name = await pendingStream(path);

  const answers = await appendRows(warehouse().write, name, [
    { rows: numbers(1, 2), offset: 0 },
    { rows: numbers(1, 2), offset: 0 },
    { rows: numbers(9), offset: 5 },
    { rows: numbers(3), offset: 2, withoutSchema: true },
  ]);

  assert.deepEqual(
    answers.map(({ error, appendResult }) => error?.code ?? Number(appendResult?.offset?.value)),
    [0, ALREADY_EXISTS, OUT_OF_RANGE, 2],
  );
  assert.match(
    answers[1]?.error?.details?.[0]?.type_url ?? '',
    /google\.cloud\.bigquery\.storage\.v1\.StorageError$/,
  );
  const [finalized] = await warehouse().write.finalizeWriteStream({ name });
  assert.equal(Number(finalized.rowCount), 3);
});

test('a finalized stream takes no more rows', async () => {
  const { path } = await emptyTable();
  const name = await finalizedStream(path, 1);

  const [answer] = await appendRows(warehouse().write, name, [{ rows: numbers(2), offset: 1 }]);

  assert.equal(answer?.error?.code, FAILED_PRECONDITION);
});

test('a column the table lacks is refused, a missing one is NULL', async () => {
  const { dataset, path } = await emptyTable();
  const name = await pendingStream(path);
  const extra = new Table({ n: vectorFromArray([1n], new Int64()), x: vectorFromArray([1n], new Int64()) });
  const wrongType = new Table({ n: vectorFromArray([1.5], new Float64()) });

  const refused = await appendRows(warehouse().write, name, [{ rows: extra, offset: 0 }]);
  const mismatched = await appendRows(warehouse().write, name, [{ rows: wrongType, offset: 0 }]);
  await appendRows(warehouse().write, name, [{ rows: numbers(7), offset: 0 }]);
  await warehouse().write.finalizeWriteStream({ name });
  await warehouse().write.batchCommitWriteStreams({ parent: path, writeStreams: [name] });

  assert.deepEqual(
    [refused[0]?.error?.code, mismatched[0]?.error?.code],
    [INVALID_ARGUMENT, INVALID_ARGUMENT],
  );
  assert.match(refused[0]?.error?.message ?? '', /no field x/);
  assert.deepEqual(await rowsOf(warehouse(), `SELECT n, note FROM ${dataset}.t`), [{ n: 7, note: null }]);
});

test('streams of a table that does not exist, and unknown streams, are not found', async () => {
  const { dataset, path } = await emptyTable();
  const notFound = { code: NOT_FOUND };
  await assert.rejects(pendingStream(tablePath(dataset, 'missing')), notFound);
  await assert.rejects(
    warehouse().write.getWriteStream({ name: `${path}/streams/0123456789abcdef` }),
    notFound,
  );
});

test('rows of a committed stream and of the default stream are visible at once', async () => {
  const { dataset, path } = await emptyTable();
  const [stream] = await warehouse().write.createWriteStream({
    parent: path,
    writeStream: { type: 'COMMITTED' },
  });
  await appendRows(warehouse().write, stream.name!, [{ rows: numbers(1), offset: 0 }]);
  await appendRows(warehouse().write, `${path}/streams/_default`, [{ rows: numbers(2) }]);
  assert.deepEqual(await numbersIn(dataset), [{ n: 1 }, { n: 2 }]);
});

test('many connections that send nothing do not keep another one waiting', async () => {
  const { path } = await emptyTable();
  const idle = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const connection = warehouse().write.appendRows();
      connection.on('error', () => undefined);
      connection.write({ writeStream: await pendingStream(path), offset: { value: 0 } });
      return connection;
    }),
  );
  try {
    const answers = await appendRows(warehouse().write, await pendingStream(path), [
      { rows: numbers(1), offset: 0 },
    ]);
    assert.equal(answers[0]?.error ?? null, null);
  } finally {
    for (const connection of idle) connection.cancel();
  }
});
