// Backfill and repair on real parts: a window's rows are replaced within one BigQuery and between two, at once and only there.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { openRuns, openWarehouses, sqlName, type Copy } from './run-setup.ts';

const COLUMNS =
  'id INT64, cost FLOAT64, currency STRING, labels ARRAY<STRUCT<key STRING>>, export_time TIMESTAMP';
const rowOf = (id: number, day: number): string =>
  `(${id}, 0.1, 'USD', [STRUCT('a' AS key)], TIMESTAMP '2026-01-0${day} 00:00:00 UTC')`;
const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' };

for (const path of ['storage', 'query'] as const)
  describe(`replacing on the ${path} path`, () => {
    const side = destinationBigQuery();
    const runs = openRuns(() =>
      path === 'query' ? openWarehouses({ source: side, destination: side }) : openWarehouses(),
    );

    /** Three days were copied; then rows came late into each of them. */
    const aCopy = async (): Promise<Copy> => {
      const copy = await runs().newCopy(COLUMNS);
      await copy.insert([rowOf(1, 1), rowOf(2, 2), rowOf(2, 2), rowOf(3, 3)].join(', '));
      await copy.succeed({ jobId: 'first' });
      await copy.insert([rowOf(11, 1), rowOf(12, 2), rowOf(13, 3)].join(', '));
      return copy;
    };

    test('exactly the window is replaced, the watermark stays, and doing it again changes nothing', async () => {
      const copy = await aCopy();
      const before = await copy.watermark();
      for (const jobType of ['backfill', 'repair'] as const) {
        const { job } = await copy.succeed({ jobId: jobType, jobType, window });
        assert.deepEqual([job.plan?.writePath, job.rowsRead, job.rowsWritten], [path, 3, 3]);
        assert.deepEqual(await copy.lineages(), {
          [`${copy.organizationId}/first/1`]: 2,
          [`${copy.organizationId}/${jobType}/1`]: 3,
        });
        assert.equal(await copy.watermark(), before);
      }
      await copy.succeed({
        jobType: 'repair',
        window: { start: '2025-01-01T00:00:00Z', end: '2026-01-03T00:00:00Z' },
      });
      assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
    });

    test('a replacement nobody heard of is found by the next run', async () => {
      const copy = await aCopy();
      const first = await copy.run({
        jobType: 'repair',
        window,
        destination: (real) => ({
          ...real,
          runCommitJob: async (set) => {
            await real.runCommitJob(set);
            throw new TransientError('warehouse_unavailable', 'the reply was lost');
          },
        }),
      });
      assert.deepEqual([first.outcome.kind, first.job.status], ['waiting', 'COMMITTING']);
      const { job } = await copy.succeed({ jobId: first.job.jobId, owner: 'another-worker' });
      assert.deepEqual([job.planNumber, job.rowsWritten], [1, 3]);
      assert.equal((await copy.destinationRows()).length, 5);
    });

    test('a verify job finds the days that grew, and their repairs make both sides equal', async () => {
      const copy = await aCopy();
      const { organizationId } = copy;
      const { jobs, ledger } = runs().state;
      await copy.succeed({ jobType: 'verify', window });
      const repairs = (await jobs.list({ organizationId, jobType: 'repair' })).reverse();
      assert.deepEqual(
        repairs.map(({ jobId }) => jobId.slice(0, 17)),
        ['repair-2026-01-01', 'repair-2026-01-02'],
      );
      for (const { jobId } of repairs) await copy.succeed({ jobId, jobType: 'repair', window });
      await copy.succeed({ jobType: 'verify', window });
      assert.equal((await jobs.list({ organizationId, jobType: 'repair' })).length, 2);
      const days = await ledger.list(organizationId, '2026-01-01', '2026-01-31');
      assert.deepEqual(
        days.map(({ sourceDay, rows }) => [sourceDay, rows]),
        [
          ['2026-01-01', 2],
          ['2026-01-02', 3],
        ],
      );
    });

    test('rows of others in the window are left alone', async () => {
      const copy = await aCopy();
      await runs().warehouses.atDestination(
        `INSERT INTO ${sqlName(copy.destination)} (id, _etl_job_id, _etl_cursor) VALUES (99, 'other/job/1', TIMESTAMP '2026-01-02 00:00:00 UTC')`,
      );
      await copy.succeed({ jobType: 'repair', window });
      assert.equal((await copy.lineages())['other/job/1'], 1);
    });
  });
