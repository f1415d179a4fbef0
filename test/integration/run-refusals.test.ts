// Plans that cannot be carried out: each fails before anything is visible, with its reason and a message that names the thing and the mend.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Destination } from '../../src/etl/destination.ts';
import type { Source } from '../../src/etl/source.ts';
import { formatInstant } from '../../src/job/instant.ts';
import type { Reason } from '../../src/job/reason.ts';
import { uniqueName } from '../support/eventually.ts';
import { bigQueryDestination } from '../../src/bigquery/destination.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { sourceBigQuery } from '../support/environment.ts';
import { moduleFolder, sameColumns } from '../support/module-folder.ts';
import { openRuns, settingsFor, sqlName, type Copy, type RunOptions } from './run-setup.ts';

const runs = openRuns();
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const ROW = `(1, 0.1, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC')`;
const LATER_ROW = `(2, 0.1, 'USD', TIMESTAMP '2026-01-02 00:00:00 UTC')`;

/** Runs the copy once; the job must fail with the reason, and its message must say all of these. */
async function fails(
  copy: Copy,
  reason: Reason,
  says: readonly (string | RegExp)[],
  options?: RunOptions,
): Promise<void> {
  const { outcome, job } = await copy.run(options);
  assert.ok(outcome.kind === 'failed', inspect(outcome));
  assert.deepEqual([outcome.reason, job.status, job.errorReason], [reason, 'FAILED', reason]);
  assert.equal(job.errorMessage, outcome.message);
  for (const text of says) {
    if (typeof text !== 'string') assert.match(outcome.message, text);
    else assert.ok(outcome.message.includes(text), `"${outcome.message}" says "${text}"`);
  }
  const organization = await runs().state.organizations.find(copy.organizationId);
  assert.equal(organization?.activeJob, undefined);
}

/** The source table anew and empty, with other columns: nested ones cannot be added by SQL. */
async function recreateSource(copy: Copy, columns: string): Promise<void> {
  const { atSource } = runs().warehouses;
  await atSource(`DROP TABLE ${sqlName(copy.source)}`);
  await atSource(`CREATE TABLE ${sqlName(copy.source)} (${columns})`);
}

test('a source table that does not exist is source_not_found', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await runs().warehouses.atSource(`DROP TABLE ${sqlName(copy.source)}`);
  await fails(copy, 'source_not_found', [`${copy.source.dataset}.export`, 'org show']);
});

test('a source in a project that is not there is refused by name', async () => {
  const source = { project: 'somebody-elses-project', dataset: 'billing', table: 'export' };
  const copy = await runs().newCopy(COLUMNS);
  await copy.configure({ source, watermark: { kind: 'keep' } });
  await fails(copy, 'source_not_found', ['somebody-elses-project.billing.export', 'org show']);
});

test('a copy that was deleted is destination_not_found and not made anew, until it shall begin again', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(ROW);
  await copy.succeed({ jobId: 'first' });
  await runs().warehouses.atDestination(`DROP TABLE ${sqlName(copy.destination)}`);
  await copy.insert(LATER_ROW);
  await fails(copy, 'destination_not_found', [`${copy.destination.dataset}.copy does not exist`, '--since']);
  assert.equal(await runs().warehouses.destination.describe(copy.destination), undefined);
  await copy.configure({ watermark: { kind: 'since', at: 0n } });
  await copy.succeed();
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('rows without a cursor are null_cursor, counted', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(`${ROW}, (2, 0.1, 'USD', NULL), (3, 0.1, 'USD', NULL)`);
  await fails(copy, 'null_cursor', ['2 rows of', 'have no export_time', '--cursor-field']);
  assert.equal(await runs().warehouses.destination.describe(copy.destination), undefined);
});

test('rows beyond the watermark that nobody wrote are destination_ahead, and name their writers', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(ROW);
  await copy.succeed({ jobId: 'first' });
  await copy.configure({ watermark: { kind: 'since', at: 0n } });
  await fails(copy, 'destination_ahead', [
    'already holds 1 rows beyond the watermark 1970-01-01T00:00:00.000000Z',
    `${copy.organizationId}/first/1`,
    '--since',
  ]);
  assert.equal((await copy.destinationRows()).length, 1);
});

test('a source elsewhere than the configuration says is location_mismatch', async () => {
  const copy = await runs().newCopy(COLUMNS, { sourceLocation: 'asia-south1' });
  await fails(copy, 'location_mismatch', ['is in EU', 'says asia-south1', '--source-location EU']);
});

test('a destination dataset elsewhere than the configuration says is location_mismatch', async () => {
  const copy = await runs().newCopy(COLUMNS, { destinationLocation: 'europe-west1' });
  await copy.insert(ROW);
  const { project, dataset } = copy.destination;
  await runs().warehouses.atDestination(`CREATE SCHEMA \`${project}.${dataset}\` OPTIONS (location = 'US')`);
  await fails(copy, 'location_mismatch', ['is in US', 'says europe-west1', '--destination-location US']);
});

/** A dataset at the destination's side, but not where the destination is. */
async function datasetElsewhere(copy: Copy): Promise<string> {
  const dataset = uniqueName('elsewhere');
  const { destination, sides } = runs().warehouses;
  assert.notEqual(sides.destination.location, 'EU');
  await destination.createDataset({ ...copy.destination, dataset }, 'EU', {});
  return dataset;
}

test('a quarantine dataset elsewhere than the destination is location_mismatch', async (context) => {
  const modules = await moduleFolder(context, { 'mine.mjs': sameColumns('return rows;') });
  const copy = await runs().newCopy(COLUMNS, { transform: 'module:mine' });
  await copy.insert(ROW);
  const quarantineTable = { ...copy.destination, dataset: await datasetElsewhere(copy), table: 'rejected' };
  await copy.configure({ quarantineTable });
  await fails(
    copy,
    'location_mismatch',
    [quarantineTable.dataset, 'is in EU', 'in US', '--quarantine-table'],
    {
      settings: { modules },
    },
  );
  assert.equal(await runs().warehouses.destination.describe(copy.destination), undefined);
});

test('a staging dataset elsewhere than the destination is location_mismatch, where the job needs one', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(ROW);
  const options = { settings: { stagingDataset: await datasetElsewhere(copy) } };
  await copy.succeed(options);
  await copy.insert(LATER_ROW);
  await copy.configure({ verifyLevel: 'fingerprint' });
  const says = [options.settings.stagingDataset, 'is in EU', 'in US', 'STAGING_DATASET'];
  await fails(copy, 'location_mismatch', says, options);
  const window = { start: '2025-12-31T00:00:00Z', end: '2026-01-01T00:00:00Z' };
  await fails(copy, 'location_mismatch', says, { ...options, jobType: 'repair', window });
});

test('a staging dataset elsewhere than the source is location_mismatch for a transform', async () => {
  const sql = 'SELECT t.* FROM {source} AS t';
  const settings = { sqlTransforms: new Map([['mine', { sql, cursorField: 'export_time' }]]) };
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(ROW);
  const stagingDataset = uniqueName('elsewhere');
  // Made as a destination would be: a source makes none of its own accord.
  const atSource = bigQueryDestination(settingsFor(sourceBigQuery()));
  const source = bigQuerySource({ ...settingsFor(sourceBigQuery()), stagingDataset });
  try {
    await atSource.createDataset({ ...copy.source, dataset: stagingDataset }, 'US', {});
    const says = [stagingDataset, 'is in US', 'the source in EU', 'STAGING_DATASET'];
    await fails(copy, 'location_mismatch', says, { settings, source: () => source });
  } finally {
    await Promise.all([source.close(), atSource.close()]);
  }
  const [job] = await runs().state.jobs.list({ organizationId: copy.organizationId });
  assert.equal(job?.plan, undefined);
});

test('a column of another type is schema_drift with a diff, whatever the policy', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(ROW);
  const { project, dataset } = copy.destination;
  const { atDestination } = runs().warehouses;
  await atDestination(`CREATE SCHEMA \`${project}.${dataset}\` OPTIONS (location = 'US')`);
  await atDestination(
    `CREATE TABLE ${sqlName(copy.destination)} (id STRING, cost FLOAT64, currency ARRAY<STRING>, more STRING NOT NULL, export_time TIMESTAMP, _etl_job_id STRING, _etl_cursor TIMESTAMP)`,
  );
  await fails(copy, 'schema_drift', [
    '! id: is STRING, the source has INT64',
    '! currency: is REPEATED, the source has NULLABLE',
    '! more: is REQUIRED and the source does not have it',
    '--destination',
  ]);
});

test('a new column is schema_drift with a diff under the policy freeze', async () => {
  const copy = await runs().newCopy(COLUMNS, { schemaPolicy: 'freeze' });
  await copy.insert(ROW);
  await copy.succeed();
  await recreateSource(copy, `${COLUMNS}, added STRING`);
  await copy.insert(`(2, 0.1, 'USD', TIMESTAMP '2026-01-02 00:00:00 UTC', 'new')`);
  await fails(copy, 'schema_drift', ['+ added STRING NULLABLE', 'freeze', '--schema-policy evolve']);
});

test('evolve adds new columns, nested ones too, relaxes REQUIRED and copies into them', async () => {
  const copy = await runs().newCopy(
    'id INT64 NOT NULL, export_time TIMESTAMP, project STRUCT<id STRING>, labels ARRAY<STRUCT<key STRING>>',
  );
  await copy.insert(`(1, TIMESTAMP '2026-01-01 00:00:00 UTC', STRUCT('p'), [STRUCT('k')])`);
  await copy.succeed();
  await recreateSource(
    copy,
    `id INT64, export_time TIMESTAMP, project STRUCT<id STRING, name STRING>,
     labels ARRAY<STRUCT<key STRING, value STRING>>, added NUMERIC`,
  );
  await copy.insert(
    `(NULL, TIMESTAMP '2026-01-02 00:00:00 UTC', STRUCT('p', 'name'), [STRUCT('k', 'v')], NUMERIC '1.5')`,
  );

  const { job } = await copy.succeed();

  const steps = await runs().state.steps.list(job);
  assert.deepEqual(steps.find(({ step }) => step === 'ensure_destination')?.detail, {
    changes: [
      '~ id: REQUIRED becomes NULLABLE',
      '+ project.name STRING NULLABLE',
      '+ labels.value STRING NULLABLE',
      '+ added NUMERIC NULLABLE',
    ],
  });
  const table = await runs().warehouses.destination.describe(copy.destination);
  const names = table?.schema.map(({ name }) => name);
  assert.deepEqual(names, ['id', 'export_time', 'project', 'labels', '_etl_job_id', '_etl_cursor', 'added']);
  const [row] = await runs().warehouses.atDestination(
    `SELECT id, project.name, labels[OFFSET(0)].value AS value, CAST(added AS STRING) AS added FROM ${sqlName(copy.destination)} WHERE added IS NOT NULL`,
  );
  assert.deepEqual(row, { id: null, name: 'name', value: 'v', added: '1.5' });
});

const WRONG_SETTINGS: readonly {
  readonly what: string;
  readonly change: Parameters<Copy['configure']>[0];
  readonly reason: Reason;
  readonly says: readonly string[];
}[] = [
  {
    what: 'a cursor column that does not exist',
    change: { cursorField: 'exported_at', watermark: { kind: 'keep' } },
    reason: 'invalid_configuration',
    says: ['"exported_at"', 'does not exist', '--cursor-field'],
  },
  {
    what: 'a cursor column that is no time',
    change: { cursorField: 'id', watermark: { kind: 'keep' } },
    reason: 'invalid_configuration',
    says: ['"id"', 'is NULLABLE INT64', '--cursor-field'],
  },
  {
    what: 'a cluster column that does not exist',
    change: { clusteringFields: ['currency', 'region'] },
    reason: 'invalid_configuration',
    says: ['region', '--clustering-fields'],
  },
  {
    what: 'a cluster column of a type that cannot be clustered by',
    change: { clusteringFields: ['cost'] },
    reason: 'invalid_configuration',
    says: ['cost', 'FLOAT64', '--clustering-fields'],
  },
  {
    what: 'a partition column that is no time',
    change: { partitionField: 'currency' },
    reason: 'invalid_configuration',
    says: ['currency', 'STRING', '--partition-field'],
  },
  {
    what: 'a verify column that is no number',
    change: { verifyColumns: ['cost', 'currency', 'credits.amount'] },
    reason: 'invalid_configuration',
    says: ['currency, credits.amount', '--verify-columns'],
  },
  {
    what: 'a module that is not there',
    change: { transform: 'module:hash', watermark: { kind: 'keep' } },
    reason: 'invalid_configuration',
    says: ['transform module:hash is not known', 'hash.mjs', '--transform'],
  },
  {
    what: 'a transform whose file is not there',
    change: { transform: 'sql:gone', watermark: { kind: 'keep' } },
    reason: 'invalid_configuration',
    says: ['gone.sql', 'TRANSFORMS_DIR', '--transform'],
  },
  {
    what: 'FOCUS of a table that is no billing export',
    change: { transform: 'focus-1.2', watermark: { kind: 'keep' } },
    reason: 'invalid_configuration',
    says: ['no standard or detailed billing export', 'invoice.month', '--source'],
  },
  {
    what: 'the query path between two locations',
    change: { writePath: 'query' },
    reason: 'invalid_configuration',
    says: ['the source is in EU and the destination in US', '--write-path auto'],
  },
];

for (const { what, change, reason, says } of WRONG_SETTINGS) {
  test(`${what} is ${reason}`, async () => {
    const copy = await runs().newCopy(COLUMNS);
    await copy.insert(ROW);
    await copy.configure(change);
    await fails(copy, reason, says);
    assert.equal(await runs().warehouses.destination.describe(copy.destination), undefined);
  });
}

for (const jobType of ['backfill', 'repair'] as const)
  test(`a ${jobType} of what no incremental job has copied is beyond_watermark`, async () => {
    const copy = await runs().newCopy(COLUMNS);
    await copy.insert(ROW);
    const window = { start: '2020-01-01T00:00:00Z', end: '2100-01-01T00:00:00Z' };
    const enqueue = `enqueue ${copy.organizationId} first`;
    await fails(copy, 'beyond_watermark', ['copied nowhere yet', enqueue], { jobType, window });
    await copy.succeed();
    const reached = formatInstant((await copy.watermark())!);
    await fails(copy, 'beyond_watermark', [enqueue, `let the window end at ${reached}`], { jobType, window });
  });

test('a read that would cost more than max_bytes_billed is cost_limit', async () => {
  const copy = await runs().newCopy(COLUMNS, { maxBytesBilled: 1n });
  await copy.insert(ROW);
  await fails(copy, 'cost_limit', ['the limit is 1', /billed for \d+ bytes/, '--max-bytes-billed']);
});

test('a source that already has a lineage column is unsupported', async () => {
  const copy = await runs().newCopy(`${COLUMNS}, _etl_job_id STRING`);
  await copy.insert(`(1, 0.1, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC', 'x')`);
  await fails(copy, 'unsupported', ['_etl_job_id']);
});

test('totals that differ from the source are verification_mismatch, and nothing becomes visible', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(ROW);
  await copy.succeed();
  await copy.insert(LATER_ROW);
  const watermark = await copy.watermark();
  const lying = (real: Source): Source => ({
    ...real,
    totals: async (slice, columns) => {
      const [first, ...rest] = await real.totals(slice, columns);
      assert.ok(first);
      return [
        { ...first, columns: { cost: { ...first.columns['cost']!, sum: '0.100000000000001' } } },
        ...rest,
      ];
    },
  });

  await fails(
    copy,
    'verification_mismatch',
    ['USD: Σ cost 0.100000000000001 at the source, 0.1 copied', 'nothing was made visible'],
    {
      source: lying,
    },
  );

  assert.equal((await copy.destinationRows()).length, 1);
  assert.equal(await copy.watermark(), watermark);
});

test('a write stream that holds fewer rows than were sent is row_count_mismatch, and the copy is begun again', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(`${ROW}, ${LATER_ROW}`);
  const jobId = uniqueName('job');
  const forgetful = (real: Destination): Destination => ({
    ...real,
    finalizeWriteStream: async (stream) => {
      const finalized = await real.finalizeWriteStream(stream);
      return finalized.kind === 'missing' ? finalized : { kind: 'finalized', rows: finalized.rows - 1 };
    },
  });
  const { outcome, job } = await copy.run({ jobId, destination: forgetful });
  assert.ok(outcome.kind === 'waiting');
  assert.equal(outcome.reason, 'row_count_mismatch');
  assert.match(outcome.message, /1 rows were sent to the write stream .*, but it holds 0/);
  assert.deepEqual([job.status, job.attempts], ['QUEUED', 1]);

  await copy.succeed({ jobId });

  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});
