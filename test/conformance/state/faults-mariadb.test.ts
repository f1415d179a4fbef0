// Faults of a database server: deadlocks, lock waits, lost connections, a read-only server, and what each becomes.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { TransientError } from '../../../src/job/errors.ts';
import { NOW } from '../../../src/state/column-values.ts';
import { createDataSource } from '../../../src/state/data-source.ts';
import { databaseName } from '../../../src/state/database-settings.ts';
import { Database } from '../../../src/state/database.ts';
import { dialectOf } from '../../../src/state/dialect.ts';
import { StepRow } from '../../../src/state/entities/step-row.ts';
import { insertUnderLease } from '../../../src/state/insert-rows.ts';
import { openState, stateOn, type DatabaseSettings } from '../../../src/state/open-state.ts';
import { databaseServer } from '../../support/environment.ts';
import { eventually } from '../../support/eventually.ts';
import { onDatabase, onServer, type TestDatabase } from './databases.ts';
import { anOrganization, aPlannedJob, aQueuedJob, aSet, COUNTS, jobOf, LONG_MS } from './fixtures.ts';

onDatabase('MariaDB', (database) => {
  test('a deadlock is repeated as a whole: both transactions take effect, each once', async (t) => {
    const store = await aCounterStore(t, database());
    await store.transaction(({ manager }) => manager.query('INSERT INTO counters VALUES (1, 0), (2, 0)'));
    let meetings = 0;
    const add = (first: number, second: number) =>
      store.transaction(async ({ manager }) => {
        await manager.query('UPDATE counters SET value = value + 1 WHERE id = ?', [first]);
        meetings += 1;
        // Both hold their first row before either asks for its second: one must be rolled back.
        if (meetings <= 2) await eventually(() => meetings >= 2, { describe: 'the other transaction' });
        await manager.query('UPDATE counters SET value = value + 1 WHERE id = ?', [second]);
      });
    await Promise.all([add(1, 2), add(2, 1)]);
    assert.equal(meetings, 3);
    const rows = await database().execute('SELECT value FROM counters WHERE id IN (1, 2) ORDER BY id');
    assert.deepEqual(
      rows.map(({ value }) => Number(value)),
      [2, 2],
    );
  });

  test('after a lock wait the whole transaction is rolled back and repeated, not the statement alone', async (t) => {
    const store = await aCounterStore(t, database());
    await store.transaction(({ manager }) => manager.query('INSERT INTO counters VALUES (3, 0), (4, 0)'));
    const blocker = await connect(database());
    t.after(() => blocker.destroy());
    await blocker.query('START TRANSACTION');
    await blocker.query('UPDATE counters SET value = value + 100 WHERE id = 4');
    let tries = 0;
    const blocked = store.transaction(async ({ manager }) => {
      tries += 1;
      await manager.query('SET SESSION innodb_lock_wait_timeout = 1');
      await manager.query('UPDATE counters SET value = value + 1 WHERE id = 3');
      await manager.query('UPDATE counters SET value = value + 1 WHERE id = 4');
    });
    await eventually(() => tries === 2, { describe: 'the second try' });
    await blocker.query('COMMIT');
    await blocked;
    const rows = await database().execute('SELECT value FROM counters WHERE id IN (3, 4) ORDER BY id');
    assert.deepEqual(
      rows.map(({ value }) => Number(value)),
      [1, 101],
    );
  });

  test('a connection killed inside a transaction is replaced, and the transaction takes effect once', async (t) => {
    const store = await aCounterStore(t, database());
    await store.transaction(({ manager }) => manager.query('INSERT INTO counters VALUES (5, 0)'));
    let tries = 0;
    await store.transaction(async ({ manager }) => {
      tries += 1;
      await manager.query('UPDATE counters SET value = value + 1 WHERE id = 5');
      if (tries === 1) {
        const [row] = await manager.query<{ id: string }[]>('SELECT CONNECTION_ID() AS id');
        await onServer(`KILL ${row!.id}`);
      }
      await manager.query('UPDATE counters SET value = value + 1 WHERE id = 5');
    });
    assert.equal(tries, 2);
    const [row] = await database().execute('SELECT value FROM counters WHERE id = 5');
    assert.equal(Number(row!['value']), 2);
  });

  test('a connection lost during COMMIT is an unknown outcome: reported, never repeated', async (t) => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const lossy = await aStateThatLosesItsCommits(database().settings);
    t.after(() => lossy.state.close());
    await assert.rejects(lossy.state.jobs.decide(lease, 1, aSet(lease)), (error: unknown) => {
      assert.ok(error instanceof TransientError);
      assert.equal(error.reason, 'database_unavailable');
      assert.match(error.message, /during COMMIT, so whether it took effect must be read again/);
      return true;
    });
    assert.equal(lossy.commits(), 1);
    // It did take effect here: reading again by the job's own key says so, and so does deciding again.
    assert.equal((await jobOf(state, lease)).status, 'COMMITTING');
    assert.equal((await state.jobs.decide(lease, 1, aSet(lease))).kind, 'decided');
    await assert.rejects(lossy.state.jobs.finish(lease, aSet(lease), COUNTS), /during COMMIT/);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'already' });
  });

  test('a worker that falls silent inside a transaction keeps its locks for seconds, not until it is gone', async (t) => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const silent = await createDataSource(database().settings).initialize();
    const runner = silent.createQueryRunner();
    t.after(async () => {
      await runner.release();
      await silent.destroy();
    });
    await runner.startTransaction();
    // What its claim locks when it is stopped, or cut off from the network, in the middle of it.
    await runner.query('SELECT id FROM client_billing_config WHERE organization_id = ? FOR UPDATE', [
      key.organizationId,
    ]);
    assert.equal((await state.jobs.claim(key, 'worker-2', LONG_MS)).kind, 'claimed');
    await assert.rejects(runner.query('SELECT 1'));
  });

  test('a row written under a lease keeps the job locked until its transaction ends', async (t) => {
    const lease = await aPlannedJob(database().state);
    const store = await aStore(t, database());
    const other = await connect(database());
    t.after(() => other.destroy());
    const lock = 'SELECT id FROM etl_jobs WHERE organization_id = ? AND job_id = ? FOR UPDATE NOWAIT';
    const { organizationId, jobId } = lease;
    const begun = { status: 'running', startedAt: NOW, detail: '{}' };
    const step = { organizationId, jobId, planNumber: 1, step: 'load', ...begun } as const;
    await store.transaction(async (session) => {
      const onDuplicate = {
        key: ['organizationId', 'jobId', 'planNumber', 'step'],
        overwrite: ['detail'],
      } as const;
      assert.equal(await insertUnderLease(session, lease, StepRow, step, onDuplicate), true);
      await assert.rejects(other.query(lock, [organizationId, jobId]), { code: 'ER_LOCK_WAIT_TIMEOUT' });
      const late = { ...lease, epoch: lease.epoch - 1 };
      assert.equal(await insertUnderLease(session, late, StepRow, step, onDuplicate), false);
    });
    await other.query(lock, [organizationId, jobId]);
  });

  test('connections that all died while idle are replaced without anybody noticing', async () => {
    const state = await database().openAnother();
    const key = await aQueuedJob(state, await anOrganization(state));
    await Promise.all(Array.from({ length: 8 }, () => state.ping()));
    await killAll(database());
    assert.equal((await state.jobs.claim(key, 'worker-1', LONG_MS)).kind, 'claimed');
    await Promise.all(Array.from({ length: 16 }, () => state.ping()));
  });

  test('what cannot be reached names host, port and the mend', async () => {
    const { settings } = database();
    assert.ok(settings.kind === 'mysql');
    for (const [change, message] of [
      [
        { port: 1 },
        /MySQL at 127\.0\.0\.1:1, .*nothing listens there: start the database, or correct DB_HOST and DB_PORT/,
      ],
      [{ host: 'no.such.host.invalid' }, /no\.such\.host\.invalid:\d+.*DB_HOST/],
      [{ password: 'hunter2-wrong' }, /check DB_USER and DB_PASSWORD/],
      [{ database: 'no_such_database' }, /create the database, or correct DB_NAME|grant DB_USER/],
    ] as const) {
      await assert.rejects(openState({ ...settings, host: '127.0.0.1', ...change }), (error: unknown) => {
        assert.ok(error instanceof TransientError, String(error));
        assert.equal(error.reason, 'database_unavailable');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    }
  });

  test('every connection is strict, reads committed rows and counts the rows it found, not those it changed', async (t) => {
    const store = await aCounterStore(t, database());
    await store.transaction(({ manager }) => manager.query('INSERT INTO counters VALUES (6, 7)'));
    const sessions = Array.from({ length: 6 }, () =>
      store.transaction(async ({ manager }) => {
        // MySQL calls it transaction_isolation, MariaDB tx_isolation as well or only.
        const [isolation] = await manager.query<{ Value: string }[]>(`SHOW VARIABLES LIKE 't%\\_isolation'`);
        const [row] = await manager.query<Record<string, string>[]>(
          'SELECT @@sql_mode AS mode, @@innodb_lock_wait_timeout AS wait',
        );
        const unchanged = await manager.query<{ affectedRows: number }>(
          'UPDATE counters SET value = 7 WHERE id = 6',
        );
        assert.match(row!['mode']!, /STRICT_TRANS_TABLES/);
        assert.equal(isolation!.Value, 'READ-COMMITTED');
        assert.equal(Number(row!['wait']), 5);
        assert.equal(unchanged.affectedRows, 1);
      }),
    );
    await Promise.all(sessions);
  });

  test('the clock is that of the server, whatever time zone a session has', async (t) => {
    const { execute, state } = database();
    const [row] = await execute(`SELECT UNIX_TIMESTAMP() AS seconds, @@time_zone AS zone`);
    const seconds = Number((await state.now()) / 1_000_000n);
    assert.ok(Math.abs(seconds - Number(row!['seconds'])) <= 1);
    const store = await aCounterStore(t, database());
    await store.transaction(async ({ manager, dialect }) => {
      await manager.query(`SET SESSION time_zone = '+11:30'`);
      // An hour that is two hours in zones that end daylight saving then.
      await manager.query('SET SESSION timestamp = 1793494800.123456');
      const [now] = await manager.query<{ now: string }[]>(`SELECT ${dialect.now} AS now`);
      assert.equal(BigInt(now!.now), 1_793_494_800_123_456n);
      await manager.query('SET SESSION timestamp = DEFAULT');
    });
  });
});

/** The database with a table of counters, for transactions written here. */
async function aCounterStore(t: TestContext, database: TestDatabase): Promise<Database> {
  await database.execute('CREATE TABLE IF NOT EXISTS counters (id INT PRIMARY KEY, value INT NOT NULL)');
  return aStore(t, database);
}

/** The database over connections of its own, for transactions written here. */
async function aStore(t: TestContext, { settings }: TestDatabase): Promise<Database> {
  const dataSource = await createDataSource(settings).initialize();
  t.after(() => dataSource.destroy());
  return new Database(dataSource, dialectOf('mysql'), databaseName(settings));
}

/** A state whose COMMITs take effect and then lose their connection. */
async function aStateThatLosesItsCommits(settings: DatabaseSettings) {
  const dataSource = await createDataSource(settings).initialize();
  const create = dataSource.createQueryRunner.bind(dataSource);
  let commits = 0;
  dataSource.createQueryRunner = (mode) => {
    const runner = create(mode);
    const commit = runner.commitTransaction.bind(runner);
    runner.commitTransaction = async () => {
      await commit();
      commits += 1;
      throw Object.assign(new Error('Connection lost: The server closed the connection.'), {
        code: 'PROTOCOL_CONNECTION_LOST',
      });
    };
    return runner;
  };
  return { state: stateOn(dataSource, settings), commits: () => commits };
}

function connect({ settings }: TestDatabase): Promise<Connection> {
  assert.ok(settings.kind === 'mysql');
  return createConnection({ ...databaseServer(), database: settings.database });
}

/** Ends every connection to the database from the server's side, and waits until they are gone. */
async function killAll(database: TestDatabase): Promise<void> {
  const connection = await connect(database);
  const others = `SELECT id FROM information_schema.processlist WHERE db = database() AND id <> CONNECTION_ID()`;
  const [rows] = await connection.query<(RowDataPacket & { id: number })[]>(others);
  for (const { id } of rows) await connection.query(`KILL ${id}`).catch(() => undefined);
  await eventually(async () => (await connection.query<RowDataPacket[]>(others))[0].length === 0, {
    describe: 'the connections to be gone',
  });
  await connection.end();
}
