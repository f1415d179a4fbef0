// Datasets and tables of the stand-in: what is stated when they are made or changed is kept, and what they hold is counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, uniqueName } from '../support/eventually.ts';
import { LOCATION, newDataset, PROJECT, rowsOf, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

const SCHEMA = [
  { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
  { name: 'export_time', type: 'TIMESTAMP' },
  { name: 'credits', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'amount', type: 'FLOAT' }] },
];

interface FieldResource {
  name: string;
  type: string;
  mode?: string;
  fields?: FieldResource[];
}

test('a table keeps its partitioning, clustering, labels and expiration, and tells its location and size', async () => {
  const dataset = await newDataset(warehouse());
  const expirationTime = String(Date.now() + 3_600_000);
  const [table] = await warehouse().bigquery.dataset(dataset).createTable('t', {
    schema: SCHEMA,
    timePartitioning: { type: 'DAY', field: 'export_time' },
    clustering: { fields: ['id'] },
    labels: { owner: 'etl' },
    expirationTime,
  });
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.t (id, credits) VALUES (1, [STRUCT(0.5 AS amount)]), (2, [])`);

  const [metadata] = await table.getMetadata();

  assert.deepEqual(
    {
      fields: metadata.schema.fields.map(({ name, mode }: FieldResource) => [name, mode]),
      partitioning: metadata.timePartitioning,
      clustering: metadata.clustering,
      labels: metadata.labels,
      expirationTime: metadata.expirationTime,
      location: metadata.location,
      rows: metadata.numRows,
      bytes: metadata.numBytes,
    },
    {
      fields: [['id', 'REQUIRED'], ['export_time', 'NULLABLE'], ['credits', 'REPEATED']],
      partitioning: { type: 'DAY', field: 'export_time' },
      clustering: { fields: ['id'] },
      labels: { owner: 'etl' },
      expirationTime,
      location: LOCATION,
      rows: '2',
      bytes: String(2 * 8 + 8),
    },
  );
}); // prettier-ignore

test('a table made by SQL keeps what the statement says', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t (id INT64 NOT NULL, cost BIGNUMERIC, export_time TIMESTAMP)
     PARTITION BY DATE(export_time) CLUSTER BY id
     OPTIONS(expiration_timestamp = TIMESTAMP '2099-01-01 00:00:00 UTC', labels = [('owner', 'etl')])`,
  );
  const [metadata] = await warehouse().bigquery.dataset(dataset).table('t').getMetadata();
  assert.deepEqual(
    metadata.schema.fields.map(({ type, mode }: FieldResource) => `${type} ${mode}`),
    ['INTEGER REQUIRED', 'BIGNUMERIC NULLABLE', 'TIMESTAMP NULLABLE'],
  );
  assert.deepEqual(metadata.timePartitioning, { type: 'DAY', field: 'export_time' });
  assert.deepEqual([metadata.clustering, metadata.labels], [{ fields: ['id'] }, { owner: 'etl' }]);
  assert.equal(metadata.expirationTime, String(Date.UTC(2099, 0, 1)));
});

test('a table is gone when its time has come', async () => {
  const dataset = await newDataset(warehouse());
  const [table] = await warehouse()
    .bigquery.dataset(dataset)
    .createTable('t', { schema: SCHEMA, expirationTime: String(Date.now() + 200) });
  await eventually(async () => !(await table.exists())[0], {
    describe: 'the table to expire',
    timeoutMs: 5000,
  });
  await assert.rejects(rowsOf(warehouse(), `SELECT id FROM ${dataset}.t`), { code: 404 });
});

test('a table gains columns, nested ones too, and its rows have them', async () => {
  const dataset = await newDataset(warehouse());
  const [table] = await warehouse().bigquery.dataset(dataset).createTable('t', { schema: SCHEMA });
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.t (id, credits) VALUES (1, [STRUCT(0.5 AS amount)])`);
  const tags = { name: 'tags', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'key', type: 'STRING' }] };
  const [id, exportTime, credits] = SCHEMA;
  const wider = [
    { ...id!, mode: 'NULLABLE' },
    exportTime!,
    { ...credits!, fields: [...credits!.fields!, { name: 'kind', type: 'STRING' }, tags] },
    { name: 'note', type: 'STRING' },
  ];

  await table.setMetadata({ schema: { fields: wider } });
  await rowsOf(
    warehouse(),
    `INSERT INTO ${dataset}.t (credits, note)
     VALUES ([STRUCT(1.5 AS amount, 'x' AS kind, [STRUCT('k' AS key)] AS tags)], 'new')`,
  );

  assert.deepEqual(await rowsOf(warehouse(), `SELECT id, credits, note FROM ${dataset}.t ORDER BY id DESC`), [
    { id: 1, credits: [{ amount: 0.5, kind: null, tags: [] }], note: null },
    { id: null, credits: [{ amount: 1.5, kind: 'x', tags: [{ key: 'k' }] }], note: 'new' },
  ]);
});

test('a column may not go, change its type, or be added as required', async () => {
  const dataset = await newDataset(warehouse());
  const [table] = await warehouse().bigquery.dataset(dataset).createTable('t', { schema: SCHEMA });
  const refusals = [
    SCHEMA.slice(1),
    SCHEMA.map((field) => (field.name === 'export_time' ? { ...field, type: 'STRING' } : field)),
    [...SCHEMA, { name: 'more', type: 'STRING', mode: 'REQUIRED' }],
    SCHEMA.map((field) => (field.name === 'export_time' ? { ...field, mode: 'REQUIRED' } : field)),
  ];
  for (const fields of refusals) {
    await assert.rejects(table.setMetadata({ schema: { fields } }), {
      code: 400,
      message: /does not match Table/,
    });
  }
});

test('a change under an etag that is no longer current is refused', async () => {
  const dataset = await newDataset(warehouse());
  const [table] = await warehouse().bigquery.dataset(dataset).createTable('t', { schema: SCHEMA });
  const [{ etag }] = await table.getMetadata();
  await table.setMetadata({ description: 'changed by somebody else' });
  const url = `http://${warehouse().standIn.restHost}/bigquery/v2/projects/${PROJECT}/datasets/${dataset}/tables/t`;
  const body = JSON.stringify({ description: 'mine' });
  const response = await fetch(url, { method: 'PATCH', headers: { 'if-match': etag as string }, body });
  assert.equal(response.status, 412);
  assert.equal((await table.getMetadata())[0].description, 'changed by somebody else');
});

test('a dataset keeps labels, description and location; without one it lives where the stand-in does', async () => {
  const { bigquery } = warehouse();
  const [dataset] = await bigquery.createDataset(uniqueName('ds'), {
    labels: { owner: 'etl' },
    description: 'copy',
  });
  const [metadata] = await dataset.getMetadata();
  assert.deepEqual(
    [metadata.location, metadata.labels, metadata.description],
    [LOCATION, { owner: 'etl' }, 'copy'],
  );
  const [elsewhere] = await bigquery.createDataset(uniqueName('ds'), { location: 'US' });
  assert.equal((await elsewhere.getMetadata())[0].location, 'US');
  const made = uniqueName('ds');
  await rowsOf(warehouse(), `CREATE SCHEMA ${made}`);
  assert.equal((await bigquery.dataset(made).getMetadata())[0].location, LOCATION);
});

test('an upload of any media type is loaded, nested rows too, once per job id', async () => {
  const dataset = await newDataset(warehouse());
  await warehouse().bigquery.dataset(dataset).createTable('t', { schema: SCHEMA });
  const jobId = uniqueName('load');
  const rows = [
    { id: 1, export_time: '2026-01-01 00:00:00.000001 UTC', credits: [{ amount: 0.1 }] },
    { id: 2, export_time: null, credits: [] },
  ];
  const upload = (): Promise<Response> =>
    uploadRows(dataset, jobId, rows.map((row) => JSON.stringify(row)).join('\n'));

  const job = (await (await upload()).json()) as { statistics: { load: { outputRows: string } }; id: string };
  const again = await upload();

  assert.equal(job.id, `${PROJECT}:${LOCATION}.${jobId}`);
  assert.equal(job.statistics.load.outputRows, '2');
  assert.equal(again.status, 409);
  const loaded = `SELECT id, UNIX_MICROS(export_time) AS micros, ARRAY_LENGTH(credits) AS credits FROM ${dataset}.t ORDER BY id`;
  assert.deepEqual(await rowsOf(warehouse(), loaded), [
    { id: 1, micros: 1767225600000001, credits: 1 },
    { id: 2, micros: null, credits: 0 },
  ]);
});

function uploadRows(datasetId: string, jobId: string, rows: string): Promise<Response> {
  const destinationTable = { projectId: PROJECT, datasetId, tableId: 't' };
  const load = { destinationTable, sourceFormat: 'NEWLINE_DELIMITED_JSON' };
  const job = { jobReference: { projectId: PROJECT, jobId, location: LOCATION }, configuration: { load } };
  const body = [
    '--part',
    'content-type: application/json',
    '',
    JSON.stringify(job),
    '--part',
    'content-type: */*',
    '',
    rows,
    '--part--',
    '',
  ].join('\r\n');
  const host = warehouse().standIn.restHost;
  return fetch(`http://${host}/upload/bigquery/v2/projects/${PROJECT}/jobs?uploadType=multipart`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary=part' },
    body,
  });
}
