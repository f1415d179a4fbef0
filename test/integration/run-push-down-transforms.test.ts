// Transforms pushed down: where both sides are in one BigQuery, one query transforms, copies and stages the rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationBigQuery } from '../support/environment.ts';
import { openRuns, openWarehouses, sqlName, type Copy, type RunOptions } from './run-setup.ts';

const side = destinationBigQuery();
const runs = openRuns(() => openWarehouses({ source: side, destination: side }));
const COLUMNS =
  'id INT64, cost FLOAT64, currency STRING, labels ARRAY<STRUCT<key STRING, value STRING>>, export_time TIMESTAMP';
const row = (id: number, cost: string, day: number): string =>
  `(${id}, ${cost}, 'EUR', [STRUCT('k' AS key, 'v${id}' AS value)], TIMESTAMP '2026-01-0${day} 00:00:00 UTC')`;
const ALL_DAYS = { start: '2025-12-01T00:00:00Z', end: '2026-03-01T00:00:00Z' };

function transform(sql: string): RunOptions {
  return { settings: { sqlTransforms: new Map([['mine', { sql, cursorField: 'exported' }]]) } };
}

const MINE = transform(
  'SELECT t.id * 10 AS ten_times, CAST(t.cost AS BIGNUMERIC) + 1 AS cost, t.currency, t.labels, t.export_time AS exported FROM {source} AS t WHERE t.cost != 3',
);

async function copied({ destination }: Copy): Promise<readonly string[]> {
  const rows = await runs().warehouses.atDestination(
    `SELECT CONCAT(CAST(ten_times AS STRING), ' ', CAST(cost AS STRING), ' ', labels[OFFSET(0)].value, ' ', CAST(DATE(exported) AS STRING), ' ', IF(_etl_cursor = exported, 'ok', 'wrong')) AS line FROM ${sqlName(destination)} ORDER BY 1`,
  );
  return rows.map(({ line }) => line ?? '');
}

test('auto takes the query path for a SQL transform: copied, verified and repaired without a row passing this process', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert([row(1, '0.25', 1), row(2, '3', 1), row(3, '1e-10', 2)].join(', '));
  const { job } = await copy.succeed(MINE);
  assert.deepEqual([job.plan?.writePath, job.rowsWritten], ['query', 2]);
  assert.match(job.plan?.writePathReason ?? '', /one query transforms and copies the rows/);
  assert.deepEqual(await copied(copy), ['10 1.25 v1 2026-01-01 ok', '30 1.0000000001 v3 2026-01-02 ok']);

  await copy.insert(row(4, '0.5', 1));
  await copy.succeed({ ...MINE, jobType: 'verify', window: ALL_DAYS });
  const [repair] = await runs().state.jobs.list({
    organizationId: copy.organizationId,
    jobType: 'repair',
  });
  assert.equal(repair?.status, 'QUEUED');
  const window = { start: '2025-12-31T23:59:59.999999Z', end: '2026-01-01T23:59:59.999999Z' };
  await copy.succeed({ ...MINE, jobId: repair.jobId, jobType: 'repair', window });
  assert.deepEqual(await copied(copy), [
    '10 1.25 v1 2026-01-01 ok',
    '30 1.0000000001 v3 2026-01-02 ok',
    '40 1.5 v4 2026-01-01 ok',
  ]);
});

const REFUSED = [
  ['CAST(NULL AS TIMESTAMP) AS exported', 'null_cursor', /1 of the rows .* have no exported/],
  ["TIMESTAMP '2030-01-01 00:00:00 UTC' AS exported", 'invalid_configuration', /outside the window/],
  ['t.export_time AS exported, RAND() AS cost', 'verification_mismatch', /Σ cost/],
] as const;

for (const [columns, reason, says] of REFUSED)
  test(`a transform that makes ${columns} fails before anything is visible, as it does when rows are streamed`, async () => {
    const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
    await copy.insert(row(1, '1', 1));
    const { job } = await copy.run(transform(`SELECT t.id, ${columns} FROM {source} AS t`));
    assert.deepEqual([job.status, job.plan?.writePath, job.errorReason], ['FAILED', 'query', reason]);
    assert.match(job.errorMessage ?? '', says);
    assert.deepEqual(await copy.lineages(), {});
  });
