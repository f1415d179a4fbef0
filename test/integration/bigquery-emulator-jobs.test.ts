// Jobs of the stand-in: ids used once, locations, destinations, copies, dry runs, and failures that are errors.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Job, JobOptions } from '@google-cloud/bigquery';
import { uniqueName } from '../support/eventually.ts';
import { LOCATION, newDataset, PROJECT, rowsOf, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

interface ApiFailure {
  readonly code: number;
  readonly errors: { reason: string }[];
  readonly message: string;
}

async function failureOf(attempt: Promise<unknown>): Promise<ApiFailure> {
  return attempt.then(
    () => assert.fail('it succeeded'),
    (error: ApiFailure) => error,
  );
}

/** Starts a job under an id of our choosing; the client adds nothing to it. */
async function startJob(jobId: string, configuration: object, location = LOCATION): Promise<Job> {
  const [job] = await warehouse().bigquery.createJob({ jobId, location, configuration } as JobOptions);
  return job;
}

function tableRef(datasetId: string, tableId: string): object {
  return { projectId: PROJECT, datasetId, tableId };
}

async function datasetWithRows(count: number): Promise<string> {
  const dataset = await newDataset(warehouse());
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t AS SELECT id FROM UNNEST(GENERATE_ARRAY(1, ${count})) AS id`,
  );
  return dataset;
}

async function countIn(table: string): Promise<number> {
  const [row] = await rowsOf<{ n: number }>(warehouse(), `SELECT COUNT(*) AS n FROM ${table}`);
  return row!.n;
}

test('a job id runs once: a second job of any kind under it is a duplicate and does nothing', async (context) => {
  const dataset = await datasetWithRows(2);
  const folder = await mkdtemp(join(tmpdir(), 'extract-'));
  context.after(() => rm(folder, { recursive: true }));
  const append = { writeDisposition: 'WRITE_APPEND', destinationTable: tableRef(dataset, 'copied') };
  const configurations = {
    query: { query: { query: `INSERT INTO ${dataset}.t (id) VALUES (3)`, useLegacySql: false } },
    copy: { copy: { sourceTable: tableRef(dataset, 't'), ...append } },
    extract: {
      extract: {
        sourceTable: tableRef(dataset, 't'),
        destinationUris: [join(folder, 't.csv')],
      },
    },
  };
  for (const [kind, configuration] of Object.entries(configurations)) {
    const jobId = uniqueName(kind);
    await startJob(jobId, configuration);
    const failure = await failureOf(startJob(jobId, configuration));
    assert.equal(failure.code, 409, kind);
    assert.equal(failure.errors[0]?.reason, 'duplicate', kind);
    assert.equal(failure.message, `Already Exists: Job ${PROJECT}:${LOCATION}.${jobId}`);
  }
  assert.deepEqual([await countIn(`${dataset}.t`), await countIn(`${dataset}.copied`)], [3, 3]);
});

test('the id of a failed job is used up too, and the failed job had no effect', async () => {
  const dataset = await datasetWithRows(1);
  const jobId = uniqueName('failed');
  const insert = `INSERT INTO ${dataset}.t (id) SELECT CAST(word AS INT64) FROM UNNEST(['7', 'seven']) AS word`;
  const configuration = { query: { query: insert, useLegacySql: false } };

  await failureOf(startJob(jobId, configuration));

  assert.equal((await failureOf(startJob(jobId, configuration))).code, 409);
  const [metadata] = await warehouse().bigquery.job(jobId, { location: LOCATION }).getMetadata();
  assert.equal(metadata.status.state, 'DONE');
  assert.ok(metadata.status.errorResult.reason);
  assert.equal(await countIn(`${dataset}.t`), 1);
});

test('a query that fails is an HTTP error, from jobs.query and from getQueryResults', async () => {
  const dataset = await datasetWithRows(1);
  const missing = await failureOf(rowsOf(warehouse(), `SELECT * FROM ${dataset}.missing`));
  assert.deepEqual([missing.code, missing.errors[0]?.reason], [404, 'notFound']);
  const invalid = await failureOf(rowsOf(warehouse(), `SELECT nothing FROM ${dataset}.t`));
  assert.deepEqual([invalid.code, invalid.errors[0]?.reason], [400, 'invalidQuery']);

  const jobId = uniqueName('failing');
  await failureOf(startJob(jobId, { query: { query: 'SELECT nothing', useLegacySql: false } }));
  const results = await failureOf(warehouse().bigquery.job(jobId, { location: LOCATION }).getQueryResults());
  assert.deepEqual([results.code, results.errors[0]?.reason], [400, 'invalidQuery']);
});

test('a job sees only datasets of its location, and is found only there', async () => {
  const here = await datasetWithRows(1);
  const elsewhere = await newDataset(warehouse(), 'asia-east1');
  const { bigquery } = warehouse();

  const wrong = await failureOf(
    bigquery.query({ query: `SELECT id FROM ${here}.t`, location: 'asia-east1' }),
  );
  assert.deepEqual([wrong.code, wrong.errors[0]?.reason], [404, 'notFound']);
  assert.equal(wrong.message, `Not found: Dataset ${PROJECT}:${here} was not found in location asia-east1`);
  const across = { sourceTable: tableRef(here, 't'), destinationTable: tableRef(elsewhere, 't') };
  assert.equal((await failureOf(startJob(uniqueName('across'), { copy: across }))).code, 404);
  assert.equal(
    (await failureOf(startJob(uniqueName('into'), { query: intoTable(here, elsewhere) }))).code,
    404,
  );

  const jobId = uniqueName('located');
  await startJob(jobId, { query: { query: 'SELECT 1', useLegacySql: false } }, 'asia-east1');
  await bigquery.job(jobId, { location: 'asia-east1' }).getMetadata();
  for (const location of ['US', undefined]) {
    const lookup = bigquery.job(jobId, location === undefined ? {} : { location });
    assert.equal((await failureOf(lookup.getMetadata())).code, 404);
  }
});

function intoTable(source: string, destination: string): object {
  return {
    query: `SELECT id FROM ${source}.t`,
    destinationTable: tableRef(destination, 'result'),
    useLegacySql: false,
  };
}

test("a query's rows land in its destination table under the stated dispositions", async () => {
  const dataset = await datasetWithRows(3);
  const query = { ...intoTable(dataset, dataset), clustering: { fields: ['id'] } };
  const job = await startJob(uniqueName('into'), { query });
  assert.equal((await job.getQueryResults())[0].length, 3);
  assert.equal(await countIn(`${dataset}.result`), 3);

  const refused = await failureOf(startJob(uniqueName('into'), { query }));
  assert.equal(refused.errors[0]?.reason, 'duplicate', 'WRITE_EMPTY is the default');
  await startJob(uniqueName('into'), { query: { ...query, writeDisposition: 'WRITE_APPEND' } });
  assert.equal(await countIn(`${dataset}.result`), 6);
  await startJob(uniqueName('into'), { query: { ...query, writeDisposition: 'WRITE_TRUNCATE' } });
  assert.equal(await countIn(`${dataset}.result`), 3);
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

  const job = await startJob(uniqueName('copy'), copy('a', 'b'));
  await failureOf(startJob(uniqueName('copy'), copy('a', 'other')));

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
  assert.equal(await countIn(`${dataset}.t`), 5000);
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
