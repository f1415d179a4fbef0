// Rows copied within one BigQuery: staged by a query, verified there, and added by one recorded copy job.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { destinationBigQuery } from '../support/environment.ts';
import { openRuns, openWarehouses, type Copy } from './run-setup.ts';

const side = destinationBigQuery();
const runs = openRuns(() => openWarehouses({ source: side, destination: side }));
const COLUMNS =
  'id INT64 NOT NULL, cost FLOAT64, price NUMERIC, currency STRING, day DATE, labels ARRAY<STRUCT<key STRING, value STRING>>, project STRUCT<id STRING, number STRING>, credits ARRAY<STRUCT<amount FLOAT64>>, export_time TIMESTAMP';
const rowOf = (id: number, at: string): string =>
  `(${id}, 0.1, 1.5, 'USD', DATE '2026-01-01', [STRUCT('a' AS key, 'ä' AS value)], STRUCT('p' AS id, NULL AS number), [STRUCT(-1e-10 AS amount)], TIMESTAMP '${at}')`;

async function aCopy(): Promise<Copy> {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert([1, 2, 2].map((id) => rowOf(id, '2026-01-01 00:00:00.000001 UTC')).join(', '));
  return copy;
}

async function stagingTables(copy: Copy): Promise<number> {
  const { project, dataset } = copy.destination;
  const [row] = await runs().warehouses.atDestination(
    `SELECT COUNT(*) AS n FROM \`${project}.${dataset}\`.INFORMATION_SCHEMA.TABLES WHERE table_name LIKE 'pulse%'`,
  );
  return Number(row?.['n']);
}

test('every type arrives as it is, window after window, without a row passing through this process', async () => {
  const copy = await aCopy();
  const { job } = await copy.succeed();
  assert.equal(job.plan?.writePath, 'query');
  assert.deepEqual([job.rowsRead, job.rowsWritten], [3, 3]);
  assert.ok((job.bytesWritten ?? 0) > 0);
  await copy.insert(
    `${rowOf(4, '2026-01-02 00:00:00 UTC')}, (5, NULL, NULL, NULL, NULL, [], NULL, [], TIMESTAMP '2026-01-02 00:00:00 UTC')`,
  );

  await copy.succeed();

  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  assert.deepEqual(Object.values(await copy.lineages()).sort(), [2, 3]);
  assert.equal(await copy.watermark(), 1_767_312_000_000_000n);
  assert.equal(await stagingTables(copy), 0);
});

test('a commit job nobody heard of is found by the next run, and no row is doubled', async () => {
  const copy = await aCopy();
  const first = await copy.run({
    destination: (real) => ({
      ...real,
      runCommitJob: async (set) => {
        await real.runCommitJob(set);
        throw new TransientError('warehouse_unavailable', 'the reply was lost');
      },
    }),
  });
  assert.deepEqual([first.outcome.kind, first.job.status], ['waiting', 'COMMITTING']);
  assert.equal((await copy.destinationRows()).length, 3);

  await copy.succeed({ jobId: first.job.jobId, owner: 'another-worker' });

  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a commit job whose staging table was removed fails without effect, and the next plan copies the rows', async () => {
  const copy = await aCopy();
  let removed = false;
  const { job } = await copy.succeed({
    destination: (real) => ({
      ...real,
      runCommitJob: async (set) => {
        const { copy: configuration } = JSON.parse(set.configuration) as {
          copy: { sourceTable: { projectId: string; datasetId: string; tableId: string } };
        };
        const { projectId, datasetId, tableId } = configuration.sourceTable;
        if (!removed) await real.dropTable({ project: projectId, dataset: datasetId, table: tableId });
        removed = true;
        return real.runCommitJob(set);
      },
    }),
  });
  assert.deepEqual([job.planNumber, job.attempts, job.rowsWritten], [2, 0, 3]);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});
