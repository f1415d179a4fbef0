// Worker processes that die or are stopped in the middle of a copy: another one goes on, and every row arrives once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMariaDb } from '../../dev/emulators/mariadb/start.ts';
import { uniqueName } from '../support/eventually.ts';
import { daemonSetup } from './daemon-process.ts';

/** Enough batches of ten for a copy to be caught in its middle. */
const ROWS = 6000;

test('a worker killed in the middle of a copy is followed by one that goes on from the checkpoint', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(ROWS);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  const first = await setup.start();
  await setup.acknowledged(key, 2);
  first.signal('SIGKILL');
  assert.equal(await first.ended, 'SIGKILL');
  const before = await setup.state.batches.progress(key, 1);
  assert.ok(before.rowsWritten < ROWS, `${before.rowsWritten} rows were written when it died`);

  const second = await setup.start();
  // No message is sent again: either its deadline brings it back, or the reaper finds that nobody has it.
  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');

  assert.deepEqual([job.planNumber, job.attempts, job.rowsRead, job.rowsWritten], [1, 0, ROWS, ROWS]);
  assert.ok(job.interruptions >= 1);
  assert.deepEqual(second.logged(/copy begins again/), []);
  const [checkpoint] = second.logged(/"checkpoint"/);
  assert.ok(Number(checkpoint?.metadata?.['records_processed']) > before.rowsWritten);
  assert.deepEqual(await copy.lineages(), { [`${key.organizationId}/${key.jobId}/1`]: ROWS });
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a worker asked to stop hands its job over at a checkpoint, and the next one finishes it', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(ROWS);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  const first = await setup.start();
  await setup.acknowledged(key, 2);

  first.signal('SIGTERM');

  assert.equal(await first.ended, 0);
  assert.equal(first.logged(/draining/).length, 1);
  assert.equal(first.errors(), '');
  const handedOver = await setup.state.jobs.find(key);
  assert.deepEqual(
    [handedOver?.status, handedOver?.attempts, handedOver?.interruptions, handedOver?.leaseOwner],
    ['QUEUED', 0, 1, undefined],
  );
  const { rowsWritten } = await setup.state.batches.progress(key, 1);
  assert.ok(rowsWritten >= 20 && rowsWritten < ROWS, `${rowsWritten} rows were written`);
  await setup.start();
  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.planNumber, job.attempts, job.interruptions, job.rowsWritten], [1, 0, 1, ROWS]);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
});

test('a database that goes away in the middle of a copy and comes back costs neither the process nor a row', async (context) => {
  const mariaDb = await startMariaDb();
  context.after(() => mariaDb.stop());
  await mariaDb.createDatabase('state');
  const { host, port, user, password } = mariaDb;
  const database = { kind: 'mysql', host, port, user, password, database: 'state', poolSize: 2 } as const;
  const setup = await daemonSetup(context, database);
  const copy = await setup.newCopy(ROWS);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  const worker = await setup.start();
  await setup.acknowledged(key, 2);

  await mariaDb.kill();
  await worker.says(/database out of reach/);
  await mariaDb.restart();

  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.planNumber, job.attempts, job.rowsWritten], [1, 0, ROWS]);
  assert.equal(worker.logged(/database reachable again/).length, 1);
  assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
  worker.signal('SIGTERM');
  assert.equal(await worker.ended, 0);
});
