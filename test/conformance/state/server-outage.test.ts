// Outages of the database server as a whole, on a server of our own: read-only, restarted, killed, gone for good.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { startMariaDb, type MariaDb } from '../../../dev/emulators/mariadb/start.ts';
import { createDataSource } from '../../../src/state/data-source.ts';
import { databaseName, type MysqlSettings } from '../../../src/state/database-settings.ts';
import { Database, databaseNow } from '../../../src/state/database.ts';
import { dialectOf } from '../../../src/state/dialect.ts';
import { interrupt } from '../../../src/state/transitions/interrupt.ts';
import { openState, type State } from '../../../src/state/open-state.ts';
import { aDecidedJob, aRunningJob, aSet, COUNTS, jobOf, LONG_MS } from './fixtures.ts';

const UNAVAILABLE = { name: 'TransientError', reason: 'database_unavailable' };

describe('outages of MariaDB', () => {
  let server: MariaDb;
  let state: State;
  let settings: MysqlSettings;
  before(async () => {
    server = await startMariaDb({ durable: true });
    await server.createDatabase('state');
    // Without the privilege to write on a read-only server.
    await execute(`CREATE USER 'worker'@'%' IDENTIFIED BY 'secret'`);
    await execute(`GRANT ALL ON state.* TO 'worker'@'%'`);
    const { host, port } = server;
    const login = { user: 'worker', password: 'secret', database: 'state' };
    settings = { kind: 'mysql', host, port, ...login, poolSize: 4 };
    state = await openState(settings);
    await state.migrate();
  });
  after(async () => {
    await state.close();
    await server.stop();
  });

  async function execute(sql: string): Promise<void> {
    const { host, port, user, password } = server;
    const connection = await createConnection({ host, port, user, password });
    await connection.query(sql);
    await connection.end();
  }

  test('a read-only server is unavailable, says how to mend it, and works again once it is mended', async () => {
    const lease = await aRunningJob(state);
    const before = await jobOf(state, lease);
    await execute('SET GLOBAL read_only = 1');
    await assert.rejects(state.jobs.interrupt(lease), {
      ...UNAVAILABLE,
      message: /the server is read-only: point DB_HOST at the primary/,
    });
    assert.deepEqual(await jobOf(state, lease), before);
    await execute('SET GLOBAL read_only = 0');
    assert.deepEqual(await state.jobs.interrupt(lease), { kind: 'released' });
  });

  test('a decision survives the sudden death of the server, and the state goes on once it is back', async () => {
    const lease = await aDecidedJob(state);
    const decided = await jobOf(state, lease);
    await server.kill();
    await assert.rejects(state.jobs.heartbeat('worker-1', [lease], [], LONG_MS), UNAVAILABLE);
    await assert.rejects(state.ping(), UNAVAILABLE);
    await server.restart();
    assert.deepEqual(await jobOf(state, lease), decided);
    assert.deepEqual((await state.jobs.heartbeat('worker-1', [lease], [], LONG_MS)).kept, [lease]);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'finished' });
  });

  test('a server that hangs is given up, and what it was asked meanwhile does not happen later', async () => {
    const dataSource = await createDataSource(settings).initialize();
    const impatient = new Database(dataSource, dialectOf('mysql'), databaseName(settings), 400);
    const lease = await aRunningJob(state);
    const before = await jobOf(state, lease);
    await impatient.read(databaseNow);
    process.kill(server.pid, 'SIGSTOP');
    try {
      for (const call of [() => interrupt(impatient, lease), () => impatient.read(databaseNow)])
        await assert.rejects(call(), { ...UNAVAILABLE, message: /no answer within 0.4 s; look whether/ });
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    assert.ok((await impatient.read(databaseNow)) > before.updatedAt);
    assert.deepEqual(await jobOf(state, lease), before);
    assert.deepEqual(await interrupt(impatient, lease), { kind: 'released' });
    await dataSource.destroy();
  });

  test('more work than connections waits its turn', async () => {
    const lease = await aRunningJob(state);
    const beats = Array.from({ length: 40 }, () => state.jobs.heartbeat('worker-1', [lease], [], LONG_MS));
    for (const { lost } of await Promise.all(beats)) assert.deepEqual(lost, []);
  });

  test('a server that takes no more connections is unavailable and says so', async () => {
    await execute('SET GLOBAL max_connections = 10');
    const { host, port } = server;
    const blockers = [];
    try {
      for (let at = 0; at < 12; at += 1)
        blockers.push(
          await createConnection({ host, port, user: 'worker', password: 'secret' }).catch(() => null),
        );
      await assert.rejects(openState({ ...settings, poolSize: 1 }), {
        ...UNAVAILABLE,
        message: /too many connections: lower DB_POOL_SIZE/,
      });
    } finally {
      for (const blocker of blockers) blocker?.destroy();
    }
  });
});
