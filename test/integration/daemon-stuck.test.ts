// A worker process that is stuck ends itself with a reason, so that what it holds goes to another one.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort } from '../../dev/emulators/free-port.ts';
import { createTestDatabase } from '../conformance/state/databases.ts';
import { PATIENCE_MS, startDaemon } from '../support/daemon.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { callProgram } from '../support/program-call.ts';
import { newTableFolder, sourcesFolder } from '../support/table-folders.ts';
import { daemonSetup, type DaemonSetup } from './daemon-process.ts';
import { copyOf, openWarehouses, type Copy } from './run-setup.ts';

/** The program from source, with this loaded before it. */
function programWith(preload: string) {
  const url = `data:text/javascript,${encodeURIComponent(preload)}`;
  return { program: ['--import', 'tsx', '--import', url, 'src/main.ts'] };
}

test('a worker whose event loop is blocked for five leases ends itself, and the next one does its job', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(20);
  const variables = { ...setup.variables, HTTP_PORT: `${await freePort()}` };
  const blockable = programWith(
    `process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));`,
  );
  const worker = startDaemon(context, variables, blockable);
  await worker.says(/worker started/);
  assert.equal((await worker.probe('/livez')).status, 200);

  worker.signal('SIGUSR2');

  assert.equal(await worker.ended, 'SIGKILL');
  assert.match(worker.errors(), /the event loop has been blocked for 50 s; this process ends itself/);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  await setup.start();
  await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
});

test('a worker that has drained but does not come to its end ends itself', async (context) => {
  const setup = await daemonSetup(context);
  const variables = { ...setup.variables, HTTP_PORT: `${await freePort()}`, DRAIN_TIMEOUT: '1' };
  const endless = programWith(
    `import net from 'node:net'; net.Server.prototype.close = function () { return this; };`,
  );
  const worker = startDaemon(context, variables, endless);
  await worker.says(/worker started/);
  worker.signal('SIGTERM');
  assert.equal(await worker.ended, 1);
  const last = await eventually(() => worker.logged(/it ends itself/)[0], {
    describe: 'its last word',
    timeoutMs: PATIENCE_MS,
  });
  assert.match(last.message, /has not ended 11 s after SIGTERM/);
});

/** Reads files, but never says what a table is while there is a file `mute` beside the module. */
const MUTEABLE = `
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { filesSource } from ${JSON.stringify(new URL('../../src/sources/files/files-source.ts', import.meta.url).href)};
export function openSource({ folder }) {
  const files = filesSource({ root: folder, now: () => BigInt(Date.now()) * 1000n });
  const describe = (table) =>
    existsSync(join(folder, 'mute')) ? new Promise(() => undefined) : files.describe(table);
  return { ...files, describe };
}`;

type Muteable = {
  readonly SOURCES_DIR: string;
  /** An organization with two rows to copy. */
  readonly newCopy: () => Promise<Copy>;
  readonly speak: () => Promise<void>;
};

/** A source of that kind, which is mute. */
async function muteableSource(context: TestContext, { state }: DaemonSetup): Promise<Muteable> {
  const SOURCES_DIR = await sourcesFolder(context);
  await writeFile(join(SOURCES_DIR, 'muteable.mjs'), MUTEABLE);
  await writeFile(join(SOURCES_DIR, 'mute'), '');
  const warehouses = openWarehouses();
  context.after(() => warehouses.close());
  return {
    SOURCES_DIR,
    async newCopy() {
      const columns = { cost: 'NUMERIC', export_time: 'TIMESTAMP' };
      const { table, folder } = await newTableFolder(SOURCES_DIR, columns);
      const rows = ['0.1,2026-01-01T10:00:00Z', '7,2026-01-01T11:00:00Z'];
      await writeFile(join(folder, '2026-01-01.csv'), ['cost,export_time', ...rows].join('\n'));
      return copyOf(state, () => warehouses, table, {
        sourceKind: 'module:muteable',
        destinationLocation: warehouses.sides.destination.location,
      });
    },
    speak: () => rm(join(SOURCES_DIR, 'mute')),
  };
}

test('a process with a run that neither moves nor stops gives it up and ends, and the next one does the job', async (context) => {
  const database = await createTestDatabase('MariaDB');
  context.after(() => database.drop());
  const setup = await daemonSetup(context, database.settings);
  const { SOURCES_DIR, newCopy, speak } = await muteableSource(context, setup);
  const [copy, byHand] = [await newCopy(), await newCopy()];
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  const name = `${key.organizationId}/${key.jobId}`;
  const variables = { SOURCES_DIR, NO_PROGRESS_TIMEOUT: '10' };
  const run = () =>
    callProgram({ ...setup.variables, ...variables }, ['run', byHand.organizationId, '--job-id', 'by-hand']);
  await setup.publish(key);

  const worker = await setup.start(variables);
  const atOnce = run();
  const last = await worker.says(/this process ends itself/);
  assert.equal(await worker.ended, 1);

  assert.ok(
    last.message.startsWith(`a run of job ${name} has not moved for as long as NO_PROGRESS_TIMEOUT allows`),
    last.message,
  );
  const given = await setup.state.jobs.find(key);
  assert.deepEqual([given?.status, given?.errorReason, given?.attempts], ['QUEUED', 'no_progress', 1]);
  const foreground = await atOnce;
  assert.equal(foreground.code, 1, foreground.output);
  assert.match(foreground.output, /by-hand has not ended: it is QUEUED after no_progress/);

  await speak();
  await setup.start(variables);
  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.rowsWritten, job.attempts], [2, 1]);
  assert.equal((await run()).code, 0);
  for (const made of [copy, byHand]) assert.equal((await made.destinationRows()).length, 2);
});
