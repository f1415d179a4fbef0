// Copies at verify level fingerprint on BigQuery's stand-in: every column is proven, before rows are visible and by day.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRuns, sqlName } from './run-setup.ts';

const runs = openRuns();
const COLUMNS =
  'id INT64, cost FLOAT64, price NUMERIC, currency STRING, raw BYTES, doc JSON, project STRUCT<id STRING, number STRING>, labels ARRAY<STRUCT<key STRING, value STRING>>, export_time TIMESTAMP';
const row = (id: number, day: number): string =>
  `(${id}, 0.1, 1.5, 'EUR', b'raw', JSON '{"a":[1,null]}', STRUCT('p' AS id, NULL AS number), [STRUCT('k' AS key, 'v${id}' AS value), STRUCT('k' AS key, 'w' AS value)], TIMESTAMP '2026-01-0${day} 10:00:00 UTC')`;
const verify = {
  jobType: 'verify',
  window: { start: '2025-12-01T00:00:00Z', end: '2026-03-01T00:00:00Z' },
} as const;

test('rows are proven in a table nobody reads, added by one job, and kept by day with their fingerprint', async () => {
  const copy = await runs().newCopy(COLUMNS, { verifyLevel: 'fingerprint' });
  await copy.insert([row(1, 1), row(2, 1), row(2, 1), row(3, 2)].join(', '));
  const { job } = await copy.succeed();
  assert.deepEqual(
    [job.plan?.writePath, job.commitSet?.kind, job.rowsWritten, job.planNumber],
    ['storage', 'job', 4, 1],
  );
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());

  // What came to the source since has no place at the destination yet; its older rows have nothing there.
  await runs().warehouses.atSource(`ALTER TABLE ${sqlName(copy.source)} ADD COLUMN seller_name STRING`);
  await copy.succeed(verify);
  const ledger = await runs().state.ledger.list(copy.organizationId, '2026-01-01', '2026-01-31');
  assert.deepEqual(
    ledger.map(({ sourceDay, rows }) => [sourceDay, rows]),
    [
      ['2026-01-01', 3],
      ['2026-01-02', 1],
    ],
  );
  for (const { fingerprint } of ledger) assert.match(fingerprint ?? '', /^-?\d+$/);

  await runs().warehouses.atDestination(
    `UPDATE ${sqlName(copy.destination)} SET labels = [STRUCT('k' AS key, 'w' AS value), STRUCT('k' AS key, 'v3' AS value)] WHERE id = 3`,
  );
  const { job: failed } = await copy.run(verify);
  assert.equal(failed.errorReason, 'verification_mismatch');
  assert.match(
    failed.errorMessage ?? '',
    /2026-01-02: EUR: fingerprint -?\d+ at the source, -?\d+ at the destination$/,
  );
  const { organizationId } = copy;
  const repair = { start: '2026-01-01T23:59:59.999999Z', end: '2026-01-02T10:00:00Z' };
  await copy.succeed({ jobType: 'repair', window: repair });
  await copy.succeed(verify);
  assert.equal((await runs().state.jobs.list({ organizationId, jobType: 'repair' })).length, 1);
});
