// Whole runs through a transform: its rows, its schema and its cursor arrive, verified against its SQL over the source.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney } from '../../dev/billing-export/exact-money.ts';
import { createAndLoadBillingExport } from '../../dev/billing-export/load-billing-export.ts';
import { bigQuerySource } from '../../src/bigquery/source.ts';
import { sourceBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import { copyOf, openRuns, settingsFor, sqlName } from './run-setup.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const runs = openRuns();
const COLUMNS =
  'id INT64, cost FLOAT64, currency STRING, labels ARRAY<STRUCT<key STRING, value STRING>>, export_time TIMESTAMP';
const row = (id: number, cost: string, day: number) =>
  `(${id}, ${cost}, 'EUR', [STRUCT('k' AS key, 'v${id}' AS value)], TIMESTAMP '2026-01-0${day} 00:00:00 UTC')`;

function transform(sql: string, cursorField = 'exported') {
  return { settings: { sqlTransforms: new Map([['mine', { sql, cursorField }]]) } };
}

const MINE = transform(`
  WITH wanted AS (SELECT * FROM {source} WHERE cost != 3)
  SELECT w.id * 10 AS ten_times, CAST(w.cost AS BIGNUMERIC) + 1 AS cost, w.currency, w.labels, w.export_time AS exported
  FROM wanted AS w -- not all`);

test('rows of a SQL transform are copied window by window, with their own schema and cursor', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert([row(1, '0.25', 1), row(2, '3', 1), row(3, '1e-10', 2)].join(', '));
  const first = await copy.succeed(MINE);
  const copied = await runs().warehouses.atDestination(
    `SELECT ten_times, CAST(cost AS STRING) AS cost, currency, labels[OFFSET(0)].value AS label, CAST(DATE(exported) AS STRING) AS day FROM ${sqlName(copy.destination)} ORDER BY 1`,
  );
  assert.deepEqual(
    copied.map((found) => Object.values(found).join(' ')),
    ['10 1.25 EUR v1 2026-01-01', '30 1.0000000001 EUR v3 2026-01-02'],
  );
  assert.deepEqual([first.job.rowsWritten, first.job.plan?.verifyColumns], [2, ['cost']]);
  await copy.insert(row(4, '7', 5));
  await copy.succeed(MINE);
  assert.equal((await copy.destinationRows()).length, 3);
  const [wrong] = await runs().warehouses.atDestination(
    `SELECT COUNTIF(_etl_cursor != exported OR _etl_cursor IS NULL) AS n FROM ${sqlName(copy.destination)}`,
  );
  assert.equal(wrong?.['n'], '0');
});

test('the table a transform fills at the source expires by itself', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(row(1, '1', 1));
  await copy.succeed(MINE);
  const { source } = copy;
  const found = await runs().warehouses.atSource(
    `SELECT table_name FROM \`${source.project}.${source.dataset}.INFORMATION_SCHEMA.TABLES\` WHERE table_name LIKE 'pulse%'`,
  );
  assert.equal(found.length, 1);
  const [options] = await runs().warehouses.atSource(
    `SELECT option_value FROM \`${source.project}.${source.dataset}.INFORMATION_SCHEMA.TABLE_OPTIONS\` WHERE option_name = 'expiration_timestamp'`,
  );
  assert.ok(options?.['option_value']);
});

test('transformed rows are staged in STAGING_DATASET of the source project, which is made where it is missing', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(row(1, '1', 1));
  const stagingDataset = uniqueName('staging');
  const source = bigQuerySource({ ...settingsFor(sourceBigQuery()), stagingDataset });
  try {
    await copy.succeed({ ...MINE, source: () => source });
  } finally {
    await source.close();
  }
  const tablesIn = (dataset: string) =>
    runs().warehouses.atSource(
      `SELECT table_name FROM \`${copy.source.project}.${dataset}.INFORMATION_SCHEMA.TABLES\``,
    );
  const [staged, ...others] = await tablesIn(stagingDataset);
  assert.match(staged?.['table_name'] ?? '', /^pulse_billing_etl_transformed_/);
  assert.equal(others.length, 0);
  assert.deepEqual(await tablesIn(copy.source.dataset), [{ table_name: copy.source.table }]);
});

test('a transform that leaves no rows writes none, and its window is looked at again', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(row(1, '3', 1));
  const { job } = await copy.succeed(MINE);
  assert.equal(job.rowsWritten, 0);
  assert.equal(await copy.watermark(), undefined);
});

const REFUSED = [
  ['SELECT w.id FROM {source} AS w', 'invalid_configuration', /exported/],
  ['SELECT w.id, CAST(NULL AS TIMESTAMP) AS exported FROM {source} AS w', 'null_cursor', /1 of the rows/],
  [
    "SELECT w.id, TIMESTAMP '2030-01-01 00:00:00 UTC' AS exported FROM {source} AS w",
    'invalid_configuration',
    /outside the window/,
  ],
  ['SELECT w.no_such_column AS exported FROM {source} AS w', undefined, /no_such_column/],
] as const;

for (const [sql, reason, says] of REFUSED) {
  test(`the transform ${sql} fails, and nothing becomes visible`, async () => {
    const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
    await copy.insert(row(1, '1', 1));
    const { job } = await copy.run(transform(sql));
    assert.equal(job.status, 'FAILED', `${job.errorReason}: ${job.errorMessage}`);
    if (reason !== undefined) assert.equal(job.errorReason, reason);
    assert.match(job.errorMessage ?? '', says);
  });
}

test('a transform that does not give the same rows twice does not pass verification', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(row(1, '1', 1));
  const random =
    'SELECT w.id, w.cost + RAND() AS cost, w.currency, w.export_time AS exported FROM {source} AS w';
  const { job } = await copy.run(transform(random));
  assert.deepEqual([job.status, job.errorReason], ['FAILED', 'verification_mismatch']);
});

test('a billing export arrives in FOCUS columns, billed to the last decimal, and is verified by day', async () => {
  const { state, warehouses } = runs();
  const table = { dataset: uniqueName('billing'), table: 'gcp_billing_export_resource_v1_TEST' };
  const generated = { seed: 5, organization: 'acme', rows: 120, firstExportTime: NEW_YEAR };
  const { truth } = await createAndLoadBillingExport({ ...warehouses.sides.source, ...generated, ...table });
  const source = { project: warehouses.sides.source.project, ...table };
  const copy = await copyOf(state, () => warehouses, source, { transform: 'focus-1.0' });

  const { job } = await copy.succeed();

  assert.deepEqual(job.plan?.verifyColumns, ['BilledCost', 'EffectiveCost']);
  const sums = await warehouses.atDestination(
    `SELECT BillingCurrency AS c, COUNT(*) AS n, CAST(SUM(EffectiveCost) AS STRING) AS s FROM ${sqlName(copy.destination)} GROUP BY 1`,
  );
  const expected = [...truth.byCurrency()].map(([c, { rows, cost, credits }]) => [
    c,
    [String(rows), formatMoney(cost + credits)],
  ]);
  assert.deepEqual(new Map(sums.map(({ c, n, s }) => [c, [n, s]])), new Map(expected as [string, unknown][]));
  assert.equal(await copy.watermark(), truth.lastExportTime());

  const verified = await copy.succeed({
    jobType: 'verify',
    window: { start: '2025-12-01T00:00:00Z', end: '2026-03-01T00:00:00Z' },
  });
  assert.equal(verified.job.rowsRead, 120);
});
