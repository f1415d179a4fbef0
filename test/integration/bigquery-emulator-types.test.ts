// Every column type of a table that is read with the Storage Read API and written back with the Storage Write API.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newDataset, PROJECT, rowsOf, tablePath, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

const COLUMNS = `
  id INT64 NOT NULL, flag BOOL, amount FLOAT64, exact NUMERIC, big BIGNUMERIC, name STRING, raw BYTES, day DATE,
  moment TIMESTAMP, civil DATETIME, clock TIME, doc JSON, labels ARRAY<STRUCT<key STRING, value STRING>>, numbers ARRAY<INT64>,
  project STRUCT<id STRING, ancestors ARRAY<STRUCT<name STRING, tags ARRAY<STRUCT<\`order\` STRING, cost BIGNUMERIC>>>>>`;

const ROWS = `
  (1, TRUE, 0.1, NUMERIC '-123456789.000000001', BIGNUMERIC '12345678901234567890.123456789012345678', 'é', FROM_HEX('00ff'),
   DATE '1969-12-31', TIMESTAMP '1960-01-01 00:00:00.000001 UTC', DATETIME '2026-01-01 12:00:00.000009', TIME '23:59:59.999999',
   JSON '{"a":1}', [STRUCT('k' AS key, 'v' AS value), STRUCT('k2' AS key, NULL AS value)], [1, 2],
   STRUCT('p' AS id, [STRUCT('a' AS name, [STRUCT('x' AS \`order\`, BIGNUMERIC '0.000000000000000001' AS cost)] AS tags)] AS ancestors)),
  (2, NULL, CAST('nan' AS FLOAT64), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, [], [], NULL),
  (3, FALSE, CAST('-inf' AS FLOAT64), NUMERIC '0', BIGNUMERIC '-0.1', '', FROM_HEX(''), DATE '9999-12-31',
   TIMESTAMP '9999-12-31 23:59:59.999999 UTC', NULL, NULL, NULL, [], [], STRUCT(NULL AS id, [] AS ancestors))`;

async function batchesOf(dataset: string, table: string): Promise<{ schema: Buffer; batches: Buffer[] }> {
  const [session] = await warehouse().read.createReadSession({
    parent: `projects/${PROJECT}`,
    readSession: { table: tablePath(dataset, table), dataFormat: 'ARROW' },
    maxStreamCount: 1,
  });
  const batches: Buffer[] = [];
  for await (const response of warehouse().read.readRows({ readStream: session.streams![0]!.name! })) {
    batches.push(Buffer.from(response.arrowRecordBatch.serializedRecordBatch as Uint8Array));
  }
  return { schema: Buffer.from(session.arrowSchema!.serializedSchema as Uint8Array), batches };
}

test('a copy through the Storage APIs has the same schema and the same bytes, nested and extreme values included', async () => {
  const dataset = await newDataset(warehouse());
  for (const table of ['source', 'copy'])
    await rowsOf(warehouse(), `CREATE TABLE ${dataset}.${table} (${COLUMNS})`);
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.source VALUES ${ROWS}`);
  const source = await batchesOf(dataset, 'source');
  const { write } = warehouse();
  const parent = tablePath(dataset, 'copy');
  const [{ name }] = await write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });

  const connection = write.appendRows();
  connection.write({
    writeStream: name!,
    offset: { value: 0 },
    arrowRows: {
      writerSchema: { serializedSchema: source.schema },
      rows: { serializedRecordBatch: source.batches[0]! },
    },
  });
  const answer = await new Promise<{ error?: { message?: string } }>((answered) =>
    connection.once('data', answered),
  );
  connection.end();
  assert.equal(answer.error?.message, undefined);
  await write.finalizeWriteStream({ name: name! });
  await write.batchCommitWriteStreams({ parent, writeStreams: [name!] });

  const copy = await batchesOf(dataset, 'copy');
  assert.ok(copy.schema.equals(source.schema));
  assert.deepEqual(copy.batches, source.batches);
  const [{ n, moments }] = (await rowsOf<{ n: number; moments: string }>(
    warehouse(),
    `SELECT COUNT(*) AS n, STRING_AGG(CAST(UNIX_MICROS(moment) AS STRING) ORDER BY id) AS moments FROM ${dataset}.copy`,
  )) as [{ n: number; moments: string }];
  assert.deepEqual([n, moments], [3, '-315619199999999,253402300799999999']);
});

test('the write API knows the nested fields of a table', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(warehouse(), `CREATE TABLE ${dataset}.t (${COLUMNS})`);
  const parent = tablePath(dataset, 't');
  const [stream] = await warehouse().write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
  const project = stream.tableSchema!.fields!.find(({ name }) => name === 'project')!;
  assert.deepEqual(
    [project.type, ...project.fields!.map(({ name, mode, fields }) => [name, mode, fields?.length])],
    ['STRUCT', ['id', 'NULLABLE', 0], ['ancestors', 'REPEATED', 2]],
  );
});

test('special numbers are written as BigQuery writes them', async () => {
  const host = warehouse().standIn.restHost;
  const query = `SELECT CAST('nan' AS FLOAT64), CAST('inf' AS FLOAT64), CAST('-inf' AS FLOAT64), NUMERIC '1.50',
    BIGNUMERIC '0.0000000001', NUMERIC '100', CAST(NUMERIC '2.50' AS STRING)`;
  const response = await fetch(`http://${host}/bigquery/v2/projects/${PROJECT}/queries`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, useLegacySql: false, location: 'EU' }),
  });
  const { rows } = (await response.json()) as { rows: { f: { v: string }[] }[] };
  assert.deepEqual(
    rows[0]!.f.map(({ v }) => v),
    ['NaN', 'Infinity', '-Infinity', '1.5', '0.0000000001', '100', '2.5'],
  );
});
