// The Storage Write API of the stand-in: offsets, states, schemas, and a commit of all streams or none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Int64, Table, vectorFromArray } from 'apache-arrow';
import { appendRows } from './bigquery-emulator-arrow.ts';
import { newDataset, rowsOf, tablePath, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

function numbers(...values: number[]): Table {
  return new Table({ n: vectorFromArray(values.map(BigInt), new Int64()) });
}

async function emptyTable(): Promise<{ dataset: string; path: string }> {
  const dataset = await newDataset(warehouse());
  await warehouse()
    .bigquery.dataset(dataset)
    .createTable('t', { schema: [{ name: 'n', type: 'INTEGER' }] });
  return { dataset, path: tablePath(dataset, 't') };
}

async function pendingStream(parent: string): Promise<string> {
  const [stream] = await warehouse().write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  return stream.name!;
}

test('rows of pending streams appear together when they are committed', async () => {
  const { dataset, path } = await emptyTable();
  const [one, two] = [await pendingStream(path), await pendingStream(path)];
  await appendRows(warehouse().write, one, [{ rows: numbers(1, 2), offset: 0 }]);
  await appendRows(warehouse().write, two, [{ rows: numbers(3), offset: 0 }]);
  for (const name of [one, two]) await warehouse().write.finalizeWriteStream({ name });
  assert.deepEqual(await rowsOf(warehouse(), `SELECT n FROM ${dataset}.t`), []);

  const [committed] = await warehouse().write.batchCommitWriteStreams({
    parent: path,
    writeStreams: [one, two],
  });

  assert.deepEqual(committed.streamErrors, []);
  assert.ok(committed.commitTime);
  assert.deepEqual(await rowsOf(warehouse(), `SELECT n FROM ${dataset}.t ORDER BY n`), [
    { n: 1 },
    { n: 2 },
    { n: 3 },
  ]);
});
