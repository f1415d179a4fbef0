// What a worker process does when something it needs is not there: it waits and says why, or ends and says why.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { freePort } from '../../dev/emulators/free-port.ts';
import { createDataSource } from '../../src/state/data-source.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { daemonSetup } from './daemon-process.ts';

/** A server that takes connections and never says a word. */
async function silentServer(context: TestContext): Promise<{ host: string; connections: () => number }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    context.after(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

test('without its database a worker lives, says what it waits for once, and stops when asked', async (context) => {
  const setup = await daemonSetup(context);
  const port = await freePort();
  const worker = await setup.start({ DB_HOST: '127.0.0.1', DB_PORT: `${port}`, DB_USER: 'pulse' });

  const said = await worker.says(/waiting for the database/);
  assert.match(said.message, new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED.*DB_HOST`));
  const ready = await worker.probe('/readyz');
  assert.equal(ready.status, 503);
  assert.match(ready.message, /waiting for the database: .*ECONNREFUSED/);
  assert.equal((await worker.probe('/livez')).status, 200);
  assert.equal((await worker.probe('/startupz')).status, 200);

  worker.signal('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.equal(worker.logged(/waiting for the database/).length, 1);
});

test('a database that was migrated by a newer version ends the worker', async (context) => {
  const setup = await daemonSetup(context);
  const database = createDataSource(setup.database);
  await database.initialize();
  await database.query(
    `INSERT INTO schema_migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
  );
  await database.destroy();

  const worker = await setup.start();

  assert.equal(await worker.ended, 1);
  assert.match(
    worker.logged(/./).at(-1)?.message ?? '',
    /newer version \(FromTheFuture9999999999999\): use that version/,
  );
});

test('a second worker on one SQLite file is refused and says what to do instead', async (context) => {
  const setup = await daemonSetup(context);
  const first = await setup.start();
  await first.says(/worker started/);

  const second = await setup.start();

  assert.equal(await second.ended, 1);
  const refusal = second.logged(/second one needs a MySQL database/)[0];
  assert.match(refusal?.message ?? '', /DB_HOST.*SQLITE_PATH/);
  assert.deepEqual(second.logged(/worker started/), []);
  first.signal('SIGTERM');
  assert.equal(await first.ended, 0);
  const third = await setup.start();
  await third.says(/worker started/);
  assert.deepEqual(third.logged(/another worker used this SQLite file/), []);
});

test('a port that is taken ends the worker with the port and the mend', async (context) => {
  const setup = await daemonSetup(context);
  const { host } = await silentServer(context);
  const port = host.split(':')[1]!;

  const worker = await setup.start({ HTTP_PORT: port });

  assert.equal(await worker.ended, 1);
  assert.match(
    worker.errors(),
    new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: the port is taken.*HTTP_PORT`),
  );
});

test('without Pub/Sub a worker lives and says why it is not ready', async (context) => {
  const setup = await daemonSetup(context);
  const host = `127.0.0.1:${await freePort()}`;
  const worker = await setup.start({ PUBSUB_EMULATOR_HOST: host });
  await worker.says(/worker started/);

  const ready = await eventually(
    async () => {
      const answer = await worker.probe('/readyz');
      return answer.message.includes(host) ? answer : undefined;
    },
    { describe: 'a word about Pub/Sub in /readyz' },
  );
  assert.equal(ready.status, 503);
  assert.match(ready.message, /PUBSUB_EMULATOR_HOST/);
  worker.signal('SIGTERM');
  assert.equal(await worker.ended, 0);
});

test('a BigQuery that cannot be reached costs attempts, and the job only where none are left, with the host in its message', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(1);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  const host = `127.0.0.1:${await freePort()}`;
  await setup.publish(key);
  const patient = await setup.start({ BIGQUERY_EMULATOR_HOST: host });
  const waiting = await setup.jobWhen(key, 'waiting', ({ attempts }) => attempts > 0);
  assert.equal(waiting.errorReason, 'warehouse_unavailable');
  patient.signal('SIGTERM');
  await patient.ended;

  const worker = await setup.start({ BIGQUERY_EMULATOR_HOST: host, MAX_RETRIES: '0' });
  const job = await setup.jobWhen(key, 'FAILED', ({ status }) => status === 'FAILED');

  assert.equal(job.errorReason, 'warehouse_unavailable');
  assert.ok(
    job.errorMessage?.includes(host) && job.errorMessage.includes('BIGQUERY_EMULATOR_HOST'),
    job.errorMessage,
  );
  assert.equal((await worker.says(/job failed/)).metadata?.['reason'], 'warehouse_unavailable');
});

test('a second signal ends a worker at once that the first one could not stop', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(1);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  const silent = await silentServer(context);
  await setup.publish(key);
  const worker = await setup.start({ BIGQUERY_EMULATOR_HOST: silent.host, DRAIN_TIMEOUT: '600' });
  await eventually(() => silent.connections() > 0, {
    describe: 'the run to ask BigQuery',
    timeoutMs: 60_000,
  });
  worker.signal('SIGTERM');
  await worker.says(/draining/);

  worker.signal('SIGINT');

  assert.equal(await worker.ended, 130);
});

test('a drain that takes too long ends all the same, and the job is left to its lease', async (context) => {
  const setup = await daemonSetup(context);
  const copy = await setup.newCopy(1);
  const key = { organizationId: copy.organizationId, jobId: uniqueName('job') };
  const silent = await silentServer(context);
  await setup.publish(key);
  const worker = await setup.start({ BIGQUERY_EMULATOR_HOST: silent.host, DRAIN_TIMEOUT: '1' });
  await eventually(() => silent.connections() > 0, {
    describe: 'the run to ask BigQuery',
    timeoutMs: 60_000,
  });

  worker.signal('SIGTERM');

  assert.equal(await worker.ended, 1);
  assert.deepEqual((await worker.says(/worker stopped/)).metadata, { unfinished_jobs: 1 });
  const job = await setup.state.jobs.find(key);
  assert.deepEqual([job?.status, job?.attempts], ['IN_PROGRESS', 0]);
});
