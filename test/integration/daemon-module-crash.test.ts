// A worker process that dies while its module is in the middle of a row: the next one goes on, and every row arrives once, in the copy or in the quarantine.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { destinationBigQuery } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { moduleFolder, sameColumns } from '../support/module-folder.ts';
import { daemonSetup } from './daemon-process.ts';
import { openWarehouses, sqlName } from './run-setup.ts';

const ROWS = 1200;
/** Behind the first rows that a thread is given at once, so that some are acknowledged before. */
const HELD_ROW = 400;

/** Rejects every fifth row; at one row it says that it is there and stays as long as it is held. */
const HOLDING = sameColumns(
  `return rows.map((row) => {
     if (row.id === ${HELD_ROW}n) stayWhileHeld();
     return row.id % 5n === 0n ? context.reject('fifth') : row;
   });`,
  `import { existsSync, writeFileSync } from 'node:fs';
   import { join } from 'node:path';
   const [held, reached] = ['held', 'reached'].map((name) => join(import.meta.dirname, name));
   const nobody = new Int32Array(new SharedArrayBuffer(4));
   function stayWhileHeld() {
     if (existsSync(held)) writeFileSync(reached, '');
     while (existsSync(held)) Atomics.wait(nobody, 0, 0, 20);
   }`,
);

test('a worker killed while its module is in a row is followed by one that goes on, and no row is lost or doubled', async (context) => {
  const setup = await daemonSetup(context);
  const warehouses = openWarehouses();
  context.after(() => warehouses.close());
  const { folder: TRANSFORMS_DIR } = await moduleFolder(context, { 'mine.mjs': HOLDING, held: '' });
  const [held, reached] = ['held', 'reached'].map((name) => join(TRANSFORMS_DIR, name)) as [string, string];
  const copy = await setup.newCopy(ROWS);
  const quarantineTable = {
    project: destinationBigQuery().project,
    dataset: uniqueName('quarantine'),
    table: 'rejected',
  };
  await copy.configure({
    ...{ transform: 'module:mine', quarantineTable, maxRejectedPercent: 20 },
    watermark: { kind: 'keep' },
  });
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  const first = await setup.start({ TRANSFORMS_DIR });
  await eventually(async () => existsSync(reached), {
    describe: 'the module in its row',
    timeoutMs: 120_000,
  });
  await setup.acknowledged(key, 2);
  first.signal('SIGKILL');
  assert.equal(await first.ended, 'SIGKILL');
  const before = await setup.state.batches.progress(key, 1);
  assert.ok(before.rowsWritten < (ROWS * 4) / 5, `${before.rowsWritten} rows were written when it died`);

  await rm(held);
  const second = await setup.start({ TRANSFORMS_DIR });
  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');

  assert.deepEqual(
    [job.planNumber, job.attempts, job.rowsRead, job.rowsWritten],
    [1, 0, ROWS, (ROWS * 4) / 5],
  );
  assert.ok(job.interruptions >= 1);
  assert.deepEqual(second.logged(/copy begins again/), []);
  const idsIn = async (sql: string): Promise<readonly number[]> =>
    (await warehouses.atDestination(sql)).map(({ id }) => Number(id)).sort((a, b) => a - b);
  const ids = Array.from({ length: ROWS }, (_, i) => i + 1);
  assert.deepEqual(
    await idsIn(`SELECT id FROM ${sqlName(copy.destination)}`),
    ids.filter((id) => id % 5 !== 0),
  );
  assert.deepEqual(
    await idsIn(`SELECT JSON_VALUE(source_row, '$.id') AS id FROM ${sqlName(quarantineTable)}`),
    ids.filter((id) => id % 5 === 0),
  );
  const [day] = await setup.state.ledger.list(copy.organizationId, '2026-01-01', '2026-01-01');
  assert.deepEqual([day?.rows, day?.parts?.[0]?.read[0]?.rows], [(ROWS * 4) / 5, ROWS]);
});
