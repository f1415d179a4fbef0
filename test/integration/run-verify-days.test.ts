// Verify jobs of whole copies on BigQuery's stand-in: transformed rows are compared with what the transform makes of the source.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInstant } from '../../src/job/instant.ts';
import { openRuns, sqlName, type Copy, type RunOptions } from './run-setup.ts';

const runs = openRuns();
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const row = (id: number, cost: string, day: number) =>
  `(${id}, ${cost}, 'EUR', TIMESTAMP '2026-01-0${day} 10:00:00 UTC')`;
const MINE = {
  settings: {
    sqlTransforms: new Map([
      [
        'mine',
        {
          sql: 'SELECT t.id * 10 AS ten_times, CAST(t.cost AS BIGNUMERIC) + 1 AS cost, t.currency, t.export_time AS exported FROM {source} AS t WHERE t.cost != 3',
          cursorField: 'exported',
        },
      ],
    ]),
  },
} satisfies RunOptions;
const ALL_DAYS = { start: '2025-12-01T00:00:00Z', end: '2026-03-01T00:00:00Z' };
const verify = { ...MINE, jobType: 'verify', window: ALL_DAYS } as const;

async function ledgerOf({ organizationId }: Copy): Promise<readonly (readonly [string, number])[]> {
  const entries = await runs().state.ledger.list(organizationId, '2020-01-01', '2030-01-01');
  return entries.map(({ sourceDay, rows }) => [sourceDay, rows]);
}

test('each day of transformed rows is compared with the transform of its source, and a day that grew is repaired', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert([row(1, '0.25', 1), row(2, '3', 1), row(3, '1e-10', 2)].join(', '));
  await copy.succeed(MINE);
  const { job } = await copy.succeed(verify);
  assert.equal(job.rowsRead, 2);
  assert.deepEqual(await ledgerOf(copy), [
    ['2026-01-01', 1],
    ['2026-01-02', 1],
  ]);

  await copy.insert([row(4, '0.5', 1), row(5, '3', 1)].join(', '));
  await copy.succeed(verify);

  const [repair, ...others] = await runs().state.jobs.list({
    organizationId: copy.organizationId,
    jobType: 'repair',
  });
  assert.deepEqual([repair?.status, others.length], ['QUEUED', 0]);
  const day = { start: '2025-12-31T23:59:59.999999Z', end: '2026-01-01T23:59:59.999999Z' };
  assert.deepEqual(repair?.window, { start: parseInstant(day.start), end: parseInstant(day.end) });
  await copy.succeed({ ...MINE, jobId: repair.jobId, jobType: 'repair', window: day });
  await copy.succeed(verify);
  assert.deepEqual(await ledgerOf(copy), [
    ['2026-01-01', 2],
    ['2026-01-02', 1],
  ]);
});

test('a transformed row that somebody changed at the destination fails with both figures and an alert', async () => {
  const copy = await runs().newCopy(COLUMNS, { transform: 'sql:mine' });
  await copy.insert(row(1, '0.25', 1));
  await copy.succeed(MINE);
  await runs().warehouses.atDestination(`UPDATE ${sqlName(copy.destination)} SET cost = 2 WHERE TRUE`);
  const { job } = await copy.run(verify);
  assert.deepEqual([job.status, job.errorReason], ['FAILED', 'verification_mismatch']);
  assert.match(job.errorMessage ?? '', /2026-01-01: EUR: Σ cost 1\.25 at the source, 2 at the destination/);
  const alerts = await runs().state.alerts.claimUnsent(100, 1000);
  const raised = alerts.filter(({ organizationId }) => organizationId === copy.organizationId);
  assert.ok(raised.some(({ kind, jobId }) => kind === 'ledger_mismatch' && jobId === job.jobId));
});
