// What statements of the stand-in read and write: destinations, copies, merges, stars, parameters, and what they would cost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../support/eventually.ts';
import { LOCATION, newDataset, rowsOf, warehouseOfThisFile } from './bigquery-emulator-client.ts';
import { countIn, failureOf, makeTableOfIds, startJob, tableRef } from './bigquery-emulator-job.ts';

const warehouse = warehouseOfThisFile();

async function datasetWithRows(count: number): Promise<string> {
  const dataset = await newDataset(warehouse());
  await makeTableOfIds(warehouse(), dataset, count);
  return dataset;
}

function intoTable(dataset: string): object {
  return {
    query: `SELECT id FROM ${dataset}.t`,
    destinationTable: tableRef(dataset, 'result'),
    useLegacySql: false,
  };
}

test("a query's rows land in its destination table under the stated dispositions", async () => {
  const dataset = await datasetWithRows(3);
  const query = { ...intoTable(dataset), clustering: { fields: ['id'] } };
  const job = await startJob(warehouse(), uniqueName('into'), { query });
  assert.equal((await job.getQueryResults())[0].length, 3);
  assert.equal(await countIn(warehouse(), `${dataset}.result`), 3);

  const refused = await failureOf(startJob(warehouse(), uniqueName('into'), { query }));
  assert.equal(refused.errors[0]?.reason, 'duplicate', 'WRITE_EMPTY is the default');
  await startJob(warehouse(), uniqueName('into'), { query: { ...query, writeDisposition: 'WRITE_APPEND' } });
  assert.equal(await countIn(warehouse(), `${dataset}.result`), 6);
  await startJob(warehouse(), uniqueName('into'), {
    query: { ...query, writeDisposition: 'WRITE_TRUNCATE' },
  });
  assert.equal(await countIn(warehouse(), `${dataset}.result`), 3);
  const [metadata] = await warehouse().bigquery.dataset(dataset).table('result').getMetadata();
  assert.deepEqual(metadata.clustering, { fields: ['id'] });
});

test('a copy job appends every source by column name, or nothing', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.a AS SELECT 1 AS x, 'one' AS y`);
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.b AS SELECT 'two' AS y, 2 AS x`);
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.other AS SELECT 3 AS x, 'three' AS z`);
  const copy = (...tables: string[]): object => ({
    copy: {
      sourceTables: tables.map((table) => tableRef(dataset, table)),
      destinationTable: tableRef(dataset, 'all'),
      writeDisposition: 'WRITE_APPEND',
    },
  });

  const job = await startJob(warehouse(), uniqueName('copy'), copy('a', 'b'));
  await failureOf(startJob(warehouse(), uniqueName('copy'), copy('a', 'other')));

  assert.equal(job.metadata.statistics.copy.copiedRows, '2');
  const rows = await rowsOf(warehouse(), `SELECT x, y FROM ${dataset}.all ORDER BY x`);
  assert.deepEqual(rows, [
    { x: 1, y: 'one' },
    { x: 2, y: 'two' },
  ]);
});

test('a merge replaces a range in one statement, with whole rows inserted', async () => {
  const dataset = await datasetWithRows(5);
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.staging AS SELECT 30 AS id`);
  await rowsOf(
    warehouse(),
    `MERGE ${dataset}.t AS target USING ${dataset}.staging AS staging ON FALSE
     WHEN NOT MATCHED BY SOURCE AND target.id > 2 THEN DELETE WHEN NOT MATCHED THEN INSERT ROW`,
  );
  const rows = await rowsOf(warehouse(), `SELECT id FROM ${dataset}.t ORDER BY id`);
  assert.deepEqual(rows, [{ id: 1 }, { id: 2 }, { id: 30 }]);
});

test('a dry run states the bytes of the columns it would read, and leaves no trace', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t AS SELECT id, REPEAT('x', 98) AS pad FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS id`,
  );
  const jobId = uniqueName('dry');
  const dryRun = async (query: string): Promise<number> => {
    const [job] = await warehouse().bigquery.createQueryJob({
      query,
      jobId,
      location: LOCATION,
      dryRun: true,
    });
    return Number(job.metadata.statistics.totalBytesProcessed);
  };
  assert.equal(await dryRun(`SELECT id FROM ${dataset}.t`), 5000 * 8);
  assert.equal(await dryRun(`SELECT * FROM ${dataset}.t`), 5000 * (8 + 2 + 98));
  assert.equal(await dryRun(`DELETE FROM ${dataset}.t WHERE TRUE`), 5000 * (8 + 2 + 98));
  assert.equal(await countIn(warehouse(), `${dataset}.t`), 5000);
  assert.equal(
    (await failureOf(warehouse().bigquery.job(jobId, { location: LOCATION }).getMetadata())).code,
    404,
  );
});

test('a query above its byte limit is refused', async () => {
  const dataset = await datasetWithRows(1);
  const failure = await failureOf(
    warehouse().bigquery.query({
      query: `SELECT id FROM ${dataset}.t`,
      maximumBytesBilled: '1000',
      location: LOCATION,
    }),
  );
  assert.equal(failure.errors[0]?.reason, 'bytesBilledLimitExceeded');
});

test('query parameters keep their types, timestamps to the microsecond', async () => {
  const { bigquery } = warehouse();
  const at = bigquery.timestamp('2026-01-01T00:00:00.000001Z');
  const [row] = await rowsOf<{ at: { value: string }; n: number; list: number[] }>(
    warehouse(),
    'SELECT @at AS at, @n AS n, @list AS list, @at > TIMESTAMP "2026-01-01 00:00:00 UTC" AS later',
    { at, n: 5, list: [1, 2] },
  );
  assert.deepEqual(
    { ...row, at: row!.at.value },
    { at: '2026-01-01T00:00:00.000001000Z', n: 5, list: [1, 2], later: true },
  );
});

test('a star keeps nested columns, also of tables that share a name', async () => {
  const [source, copy] = [await newDataset(warehouse()), await newDataset(warehouse())];
  await rowsOf(warehouse(), `CREATE TABLE ${source}.t AS SELECT 1 AS id, [STRUCT(2 AS amount)] AS credits`);
  await rowsOf(warehouse(), `CREATE TABLE ${copy}.t AS SELECT 'job' AS lineage, 0.5 AS cost`);

  const counted = await rowsOf(warehouse(), `SELECT *, (SELECT COUNTIF(TRUE)) AS one FROM ${source}.t`);
  const joined = await rowsOf<object>(
    warehouse(),
    `SELECT t.*, u.*, (SELECT COUNTIF(TRUE)) AS one FROM ${source}.t AS t CROSS JOIN ${copy}.t AS u`,
  );

  assert.deepEqual(counted, [{ id: 1, credits: [{ amount: 2 }], one: 1 }]);
  assert.deepEqual(Object.keys(joined[0]!), ['id', 'credits', 'lineage', 'cost', 'one']);
});

test('arrays of a past state can be looked into', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t AS SELECT 1 AS id, [STRUCT(0.1 AS amount), STRUCT(0.2 AS amount)] AS credits`,
  );
  const [row] = await rowsOf<{ now: { value: string } }>(warehouse(), 'SELECT CURRENT_TIMESTAMP() AS now');
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.t (id) VALUES (2)`);
  const sums = await rowsOf(
    warehouse(),
    `SELECT t.id, (SELECT SUM(c.amount) FROM UNNEST(t.credits) AS c) > 0.29 AS summed
     FROM ${dataset}.t AS t FOR SYSTEM_TIME AS OF TIMESTAMP '${row!.now.value}'`,
  );
  assert.deepEqual(sums, [{ id: 1, summed: true }]);
});
