// Jobs of the stand-in: ids used once, failures that are errors, and the location where each is.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { uniqueName } from '../support/eventually.ts';
import { LOCATION, newDataset, PROJECT, rowsOf, warehouseOfThisFile } from './bigquery-emulator-client.ts';
import { countIn, failureOf, makeTableOfIds, startJob, tableRef } from './bigquery-emulator-job.ts';

const warehouse = warehouseOfThisFile();

async function datasetWithRows(count: number): Promise<string> {
  const dataset = await newDataset(warehouse());
  await makeTableOfIds(warehouse(), dataset, count);
  return dataset;
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
    await startJob(warehouse(), jobId, configuration);
    const failure = await failureOf(startJob(warehouse(), jobId, configuration));
    assert.equal(failure.code, 409, kind);
    assert.equal(failure.errors[0]?.reason, 'duplicate', kind);
    assert.equal(failure.message, `Already Exists: Job ${PROJECT}:${LOCATION}.${jobId}`);
  }
  assert.deepEqual(
    [await countIn(warehouse(), `${dataset}.t`), await countIn(warehouse(), `${dataset}.copied`)],
    [3, 3],
  );
});

test('the id of a failed job is used up too, and the failed job had no effect', async () => {
  const dataset = await datasetWithRows(1);
  const jobId = uniqueName('failed');
  const insert = `INSERT INTO ${dataset}.t (id) SELECT CAST(word AS INT64) FROM UNNEST(['7', 'seven']) AS word`;
  const configuration = { query: { query: insert, useLegacySql: false } };

  await failureOf(startJob(warehouse(), jobId, configuration));

  assert.equal((await failureOf(startJob(warehouse(), jobId, configuration))).code, 409);
  const [metadata] = await warehouse().bigquery.job(jobId, { location: LOCATION }).getMetadata();
  assert.equal(metadata.status.state, 'DONE');
  assert.ok(metadata.status.errorResult.reason);
  assert.equal(await countIn(warehouse(), `${dataset}.t`), 1);
});

test('a query that fails is an HTTP error, from jobs.query and from getQueryResults', async () => {
  const dataset = await datasetWithRows(1);
  const missing = await failureOf(rowsOf(warehouse(), `SELECT * FROM ${dataset}.missing`));
  assert.deepEqual([missing.code, missing.errors[0]?.reason], [404, 'notFound']);
  const invalid = await failureOf(rowsOf(warehouse(), `SELECT nothing FROM ${dataset}.t`));
  assert.deepEqual([invalid.code, invalid.errors[0]?.reason], [400, 'invalidQuery']);

  const jobId = uniqueName('failing');
  await failureOf(startJob(warehouse(), jobId, { query: { query: 'SELECT nothing', useLegacySql: false } }));
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
  const into = {
    query: `SELECT id FROM ${here}.t`,
    destinationTable: tableRef(elsewhere, 'result'),
    useLegacySql: false,
  };
  const across = { sourceTable: tableRef(here, 't'), destinationTable: tableRef(elsewhere, 't') };
  assert.equal((await failureOf(startJob(warehouse(), uniqueName('across'), { copy: across }))).code, 404);
  assert.equal((await failureOf(startJob(warehouse(), uniqueName('into'), { query: into }))).code, 404);

  const jobId = uniqueName('located');
  await startJob(warehouse(), jobId, { query: { query: 'SELECT 1', useLegacySql: false } }, 'asia-east1');
  await bigquery.job(jobId, { location: 'asia-east1' }).getMetadata();
  for (const location of ['US', undefined]) {
    const lookup = bigquery.job(jobId, location === undefined ? {} : { location });
    assert.equal((await failureOf(lookup.getMetadata())).code, 404);
  }
});

test('a query repeated under its request id is answered again, not run again', async () => {
  const dataset = await datasetWithRows(1);
  const body = JSON.stringify({
    query: `INSERT INTO ${dataset}.t (id) VALUES (2)`,
    useLegacySql: false,
    requestId: uniqueName('request'),
  });
  const post = async (): Promise<unknown> => {
    const url = `http://${warehouse().standIn.restHost}/bigquery/v2/projects/${PROJECT}/queries`;
    return (await fetch(url, { method: 'POST', body })).json();
  };

  assert.deepEqual(await post(), await post());

  assert.equal(await countIn(warehouse(), `${dataset}.t`), 2);
});
