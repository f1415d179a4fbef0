// A worker process that is stuck ends itself with a reason, so that what it holds goes to another one.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort } from '../../dev/emulators/free-port.ts';
import { PATIENCE_MS, startDaemon } from '../support/daemon.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
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

/** Reads files, but is silent for ever when a process with MUTE=true asks what the table is. */
const MUTEABLE = `
import { filesSource } from ${JSON.stringify(new URL('../../src/sources/files/files-source.ts', import.meta.url).href)};
const silence = () => new Promise(() => undefined);
export function openSource({ folder }) {
  const files = filesSource({ root: folder, now: () => BigInt(Date.now()) * 1000n });
  return process.env.MUTE === 'true' ? { ...files, describe: silence } : files;
}`;

/** A copy of two rows from a source of that kind, and where it lies. */
async function muteableCopy(
  context: TestContext,
  { state }: DaemonSetup,
): Promise<{ copy: Copy; SOURCES_DIR: string }> {
  const SOURCES_DIR = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-mute-'));
  context.after(() => rm(SOURCES_DIR, { recursive: true }));
  const table = { project: 'vendor', dataset: uniqueName('bills'), table: 'acme' };
  const folder = join(SOURCES_DIR, table.project, table.dataset, table.table);
  await mkdir(folder, { recursive: true });
  const columns = [
    { name: 'cost', type: 'NUMERIC' },
    { name: 'export_time', type: 'TIMESTAMP' },
  ];
  await writeFile(join(folder, '_schema.json'), JSON.stringify(columns));
  const rows = ['0.1,2026-01-01T10:00:00Z', '7,2026-01-01T11:00:00Z'];
  await writeFile(join(folder, '2026-01-01.csv'), ['cost,export_time', ...rows].join('\n'));
  await writeFile(join(SOURCES_DIR, 'muteable.mjs'), MUTEABLE);
  const warehouses = openWarehouses();
  context.after(() => warehouses.close());
  const copy = await copyOf(state, () => warehouses, table, {
    sourceKind: 'module:muteable',
    destinationLocation: warehouses.sides.destination.location,
  });
  return { copy, SOURCES_DIR };
}

test('a worker with a run that neither moves nor stops gives it up and ends itself, and the next one does the job', async (context) => {
  const setup = await daemonSetup(context);
  const { copy, SOURCES_DIR } = await muteableCopy(context, setup);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  await setup.publish(key);
  const mute = await setup.start({ SOURCES_DIR, MUTE: 'true', NO_PROGRESS_TIMEOUT: '10' });

  const last = await mute.says(/this process ends itself/);
  assert.equal(await mute.ended, 1);

  const name = `${key.organizationId}/${key.jobId}`;
  assert.ok(
    last.message.startsWith(`a run of job ${name} has not moved for as long as NO_PROGRESS_TIMEOUT allows`),
    last.message,
  );
  const given = await setup.state.jobs.find(key);
  assert.deepEqual([given?.status, given?.errorReason, given?.attempts], ['QUEUED', 'no_progress', 1]);

  await setup.start({ SOURCES_DIR });
  const job = await setup.jobWhen(key, 'SUCCESS', ({ status }) => status === 'SUCCESS');
  assert.deepEqual([job.rowsWritten, job.attempts], [2, 1]);
  assert.equal((await copy.destinationRows()).length, 2);
});
