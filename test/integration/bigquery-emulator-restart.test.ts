// A stand-in with a data directory that is killed and started again: what was committed is there, and known to be committed.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeVector, Table } from 'apache-arrow';
import { appendRows } from './bigquery-emulator-arrow.ts';
import { LOCATION, newDataset, openWarehouse, rowsOf, tablePath } from './bigquery-emulator-client.ts';
import type { Warehouse } from './bigquery-emulator-client.ts';

let dataDir: string;
let warehouse: Warehouse;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'warehouse-'));
  warehouse = await openWarehouse({ dataDir });
});

after(async () => {
  await warehouse.close();
  await rm(dataDir, { recursive: true });
});

async function killAndRestart(): Promise<void> {
  await warehouse.standIn.kill();
  await Promise.all([warehouse.read.close(), warehouse.write.close()]);
  warehouse = await openWarehouse({ dataDir });
}

async function newTable(): Promise<{ dataset: string; parent: string }> {
  const dataset = await newDataset(warehouse);
  await rowsOf(warehouse, `CREATE TABLE ${dataset}.t (n INT64)`);
  return { dataset, parent: tablePath(dataset, 't') };
}

async function stream(parent: string, count: number, { finalized = true } = {}): Promise<string> {
  const [created] = await warehouse.write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  const values = BigInt64Array.from({ length: count }, (_, index) => BigInt(index));
  const rows = new Table({ n: makeVector(values) });
  await appendRows(warehouse.write, created.name!, [{ rows, offset: 0 }]);
  if (finalized) await warehouse.write.finalizeWriteStream({ name: created.name! });
  return created.name!;
}

async function countIn(dataset: string): Promise<number> {
  const [row] = await rowsOf<{ n: number }>(warehouse, `SELECT COUNT(*) AS n FROM ${dataset}.t`);
  return row!.n;
}

test('rows, committed streams and jobs survive a kill, uncommitted streams do not', async () => {
  const { dataset, parent } = await newTable();
  const committed = await stream(parent, 2);
  const uncommitted = await stream(parent, 5);
  const [{ commitTime }] = await warehouse.write.batchCommitWriteStreams({
    parent,
    writeStreams: [committed],
  });
  const insert = { query: { query: `INSERT INTO ${dataset}.t (n) VALUES (7)`, useLegacySql: false } };
  await warehouse.bigquery.createJob({ jobId: 'survivor', location: LOCATION, configuration: insert });

  await killAndRestart();

  assert.equal(await countIn(dataset), 3);
  const [known] = await warehouse.write.getWriteStream({ name: committed });
  assert.deepEqual(known.commitTime, commitTime);
  await assert.rejects(warehouse.write.getWriteStream({ name: uncommitted }), { code: 5 });
  const [again] = await warehouse.write.batchCommitWriteStreams({
    parent,
    writeStreams: [committed, uncommitted],
  });
  assert.deepEqual(
    again.streamErrors?.map(({ code }) => code),
    ['STREAM_ALREADY_COMMITTED', 'STREAM_NOT_FOUND'],
  );
  const repeated = warehouse.bigquery.createJob({
    jobId: 'survivor',
    location: LOCATION,
    configuration: insert,
  });
  await assert.rejects(repeated, { code: 409 });
  const [job] = await warehouse.bigquery.job('survivor', { location: LOCATION }).getMetadata();
  assert.equal(job.statistics.query.numDmlAffectedRows, '1');
  assert.equal(await countIn(dataset), 3);
});

test('earlier states of a table can be read after a restart', async () => {
  const { dataset } = await newTable();
  await rowsOf(warehouse, `INSERT INTO ${dataset}.t (n) VALUES (1)`);
  const [row] = await rowsOf<{ now: { value: string } }>(warehouse, 'SELECT CURRENT_TIMESTAMP() AS now');
  await rowsOf(warehouse, `UPDATE ${dataset}.t SET n = 2 WHERE TRUE`);

  await killAndRestart();

  const before = `SELECT n FROM ${dataset}.t FOR SYSTEM_TIME AS OF TIMESTAMP '${row!.now.value}'`;
  assert.deepEqual(await rowsOf(warehouse, before), [{ n: 1 }]);
  assert.deepEqual(await rowsOf(warehouse, `SELECT n FROM ${dataset}.t`), [{ n: 2 }]);
});

test('while a group of streams is committed, readers see none of its rows or all of them', async () => {
  const { dataset, parent } = await newTable();
  const writeStreams = [
    await stream(parent, 1),
    await stream(parent, 500_000),
    await stream(parent, 500_000),
  ];
  const seen = new Set<number>();
  const commit = warehouse.write.batchCommitWriteStreams({ parent, writeStreams }).then(() => 'committed');

  while ((await Promise.race([commit, countIn(dataset).then((n) => seen.add(n))])) !== 'committed');
  seen.add(await countIn(dataset));

  assert.deepEqual(
    [...seen].filter((count) => count !== 0 && count !== 1_000_001),
    [],
  );
});

test('a commit killed at any moment has taken place with its record, or not at all', async () => {
  for (const delayMs of [0, 5, 20, 60, 150]) {
    const { dataset, parent } = await newTable();
    const writeStreams = [
      await stream(parent, 1),
      await stream(parent, 200_000),
      await stream(parent, 200_000),
    ];
    const commit = warehouse.write.batchCommitWriteStreams({ parent, writeStreams }).catch(() => undefined);
    await delay(delayMs);
    await killAndRestart();
    await commit;

    const count = await countIn(dataset);
    const records = await Promise.all(
      writeStreams.map((name) =>
        warehouse.write.getWriteStream({ name }).then(
          ([known]) => known.commitTime !== null,
          () => false,
        ),
      ),
    );
    const committed = records.every(Boolean);
    assert.ok(committed || !records.some(Boolean), `all streams are on record or none: ${records.join()}`);
    assert.equal(count, committed ? 400_001 : 0, `after ${delayMs} ms`);
  }
});
