// A worker process that is stuck ends itself with a reason, so that what it holds goes to another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../dev/emulators/free-port.ts';
import { PATIENCE_MS, startDaemon } from '../support/daemon.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { daemonSetup } from './daemon-process.ts';

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
