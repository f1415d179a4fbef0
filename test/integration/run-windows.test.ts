// Which rows a run copies: those beyond the watermark, settled, and there at the snapshot; each of them once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../src/etl/source.ts';
import { openRuns } from './run-setup.ts';

const runs = openRuns();
const COLUMNS = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
const JANUARY = 1_767_225_600_000_000n;

/** Rows with these ids, all exported at one time. */
function exported(at: string, ...ids: number[]): string {
  return ids.map((id) => `(${id}, 0.1, 'USD', ${at})`).join(', ');
}

test('a second run copies the new rows only, and says so in its lineage', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00 UTC'`, 1, 2, 3));
  const first = await copy.succeed();
  await copy.insert(exported(`TIMESTAMP '2026-01-01 01:00:00 UTC'`, 4, 5));

  const second = await copy.succeed();

  assert.deepEqual([second.job.rowsRead, second.job.rowsWritten], [2, 2]);
  assert.deepEqual(second.job.plan?.window, { lo: JANUARY, hi: JANUARY + 3_600_000_000n });
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  const lineage = (jobId: string) => `${copy.organizationId}/${jobId}/1`;
  assert.deepEqual(await copy.lineages(), { [lineage(first.job.jobId)]: 3, [lineage(second.job.jobId)]: 2 });
});

test('rows that share the cursor at the border of two windows are neither lost nor doubled', async () => {
  const copy = await runs().newCopy(COLUMNS);
  const border = `TIMESTAMP '2026-01-01 00:00:00.000001 UTC'`;
  await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00 UTC'`, 1));
  await copy.insert(exported(border, 2, 3, 4, 4));
  await copy.succeed({ settings: { batchRows: 2 } });
  assert.equal(await copy.watermark(), JANUARY + 1n);
  await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00.000002 UTC'`, 5, 6));

  await copy.succeed({ settings: { batchRows: 2 } });

  const rows = await copy.sourceRows();
  assert.equal(rows.length, 7);
  assert.deepEqual(await copy.destinationRows(), rows);
});

test('rows younger than settle_minutes are left for the next run', async () => {
  const copy = await runs().newCopy(COLUMNS, { settleMinutes: 60 });
  await copy.insert(exported(`TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 61 MINUTE)`, 1));
  await copy.insert(exported(`TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 59 MINUTE)`, 2));

  const { job } = await copy.succeed();

  assert.equal(job.rowsWritten, 1);
  assert.equal(job.plan!.window.hi, job.plan!.snapshot - 3_600_000_000n);
  assert.equal(await copy.watermark(), job.plan!.window.hi);
  await copy.configure({ settleMinutes: 58 });
  assert.equal((await copy.succeed()).job.rowsWritten, 1);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('with nothing new a run succeeds with 0 rows and leaves the watermark and the destination alone', async () => {
  const copy = await runs().newCopy(COLUMNS);
  const empty = await copy.succeed();
  assert.equal(await copy.watermark(), undefined);
  assert.equal(await runs().warehouses.destination.describe(copy.destination), undefined);
  await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00 UTC'`, 1));
  await copy.succeed();

  const again = await copy.succeed();

  for (const { job } of [empty, again]) {
    assert.deepEqual([job.rowsRead, job.rowsWritten, job.bytesWritten], [0, 0, 0]);
    assert.deepEqual([job.plan, job.commitSet], [undefined, undefined]);
  }
  assert.match(
    again.notes.join(),
    /nothing new to copy.*the newest export_time is 2026-01-01T00:00:00.000000Z/,
  );
  assert.equal(await copy.watermark(), JANUARY);
  assert.equal((await copy.destinationRows()).length, 1);
});

test('settled rows that are all older than the watermark are nothing new', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(exported(`TIMESTAMP '2025-12-31 00:00:00 UTC'`, 1));
  await copy.configure({ watermark: { kind: 'since', at: JANUARY } });

  assert.equal((await copy.succeed()).job.rowsWritten, 0);

  assert.equal(await copy.watermark(), JANUARY);
});

test('rows that come or go after the snapshot change nothing of what is copied', async () => {
  const copy = await runs().newCopy(COLUMNS);
  await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00 UTC'`, 1, 2, 3, 4));
  const atSnapshot = await copy.sourceRows();
  const { atSource } = runs().warehouses;
  const changedAfterPlanning = (real: Source): Source => ({
    ...real,
    openReadSession: async (slice, maxStreams) => {
      await copy.insert(exported(`TIMESTAMP '2026-01-01 00:00:00 UTC'`, 5));
      await atSource(`DELETE FROM \`${copy.source.dataset}.${copy.source.table}\` WHERE id = 1`);
      return real.openReadSession(slice, maxStreams);
    },
  });

  const { job } = await copy.succeed({ source: changedAfterPlanning });

  assert.equal(job.rowsWritten, 4);
  assert.deepEqual(await copy.destinationRows(), atSnapshot);
  assert.notDeepEqual(await copy.sourceRows(), atSnapshot);
});
