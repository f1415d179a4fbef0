// Faults of an SQLite file: locked by another process, full, read-only, damaged; and that nothing slips into a transaction.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import SqliteConnection from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/state/data-source.ts';
import { Database } from '../../../src/state/database.ts';
import { dialectOf } from '../../../src/state/dialect.ts';
import { openState, stateOn, type State } from '../../../src/state/open-state.ts';
import { eventually } from '../../support/eventually.ts';
import { anOrganization, aQueuedJob, aRunningJob, claimAs, jobOf, LONG_MS } from './fixtures.ts';

const UNAVAILABLE = { name: 'TransientError', reason: 'database_unavailable' };

test('a file locked by another process is waited for, while other work goes on', async (t) => {
  const { state, path } = await aFile(t);
  const key = await aQueuedJob(state, await anOrganization(state));
  const other = new SqliteConnection(path);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  let turns = 0;
  let waiting = true;
  const claim = claimAs(state, key).finally(() => (waiting = false));
  while (turns < 50) {
    await setImmediate();
    turns += 1;
  }
  assert.equal(waiting, true);
  other.exec('COMMIT');
  assert.equal((await claim).epoch, 1);
});

test('a full disk is unavailable, changes nothing, and work goes on once there is room', async (t) => {
  const { state, path, execute } = await aFile(t);
  const lease = await aRunningJob(state);
  const before = await jobOf(state, lease);
  // The page limit stands in for the size of the disk.
  const [pages] = await execute('PRAGMA page_count');
  await execute(`PRAGMA max_page_count = ${Number(pages!['page_count'])}`);
  const long = 'x'.repeat(1_000_000);
  await assert.rejects(state.jobs.fail(lease, 'access_denied', long), {
    ...UNAVAILABLE,
    message: new RegExp(`${path}.*the disk is full: make room`),
  });
  assert.deepEqual(await jobOf(state, lease), before);
  assert.deepEqual(await state.deadLetters.list(), []);
  await execute('PRAGMA max_page_count = 1000000');
  assert.deepEqual(await state.jobs.fail(lease, 'access_denied', long), { kind: 'failed' });
});

test('a path that cannot be opened, is no database or may not be written says so and how to mend it', async (t) => {
  const directory = await aDirectory(t);
  const text = join(directory, 'text.sqlite');
  await writeFile(text, 'this is no database, however long one looks at it'.repeat(100));
  await assert.rejects(openState({ kind: 'sqlite', path: text }), {
    ...UNAVAILABLE,
    message: /text\.sqlite: .*; the file is no SQLite database: correct SQLITE_PATH/,
  });
  await mkdir(join(directory, 'folder.sqlite'));
  await assert.rejects(openState({ kind: 'sqlite', path: join(directory, 'folder.sqlite') }), {
    ...UNAVAILABLE,
    message: /check that the directory of SQLITE_PATH exists, or can be made, and may be written/,
  });
  await assert.rejects(openState({ kind: 'sqlite', path: join(text, 'below.sqlite') }), {
    ...UNAVAILABLE,
    message: /below\.sqlite: E(NOTDIR|EXIST).*check that the directory of SQLITE_PATH exists, or can be made/,
  });
});

test(
  'a file that may not be written is unavailable',
  { skip: process.getuid?.() === 0 && 'root may write everything' },
  async (t) => {
    const { state, path } = await aFile(t);
    await state.close();
    await chmod(path, 0o400);
    await assert.rejects(
      openState({ kind: 'sqlite', path }).then((again) => again.organizations.pause('x')),
      UNAVAILABLE,
    );
  },
);

test('what was written is there after the process died without closing the file', async (t) => {
  const { state, path } = await aFile(t);
  const lease = await aRunningJob(state);
  const copy = await openState({ kind: 'sqlite', path });
  t.after(() => copy.close());
  assert.deepEqual(await jobOf(copy, lease), await jobOf(state, lease));
  assert.equal((await copy.jobs.claim(lease, 'worker-2', LONG_MS)).kind, 'busy');
});

test('every write is on the disk before it is acted upon', async (t) => {
  const { execute } = await aFile(t);
  assert.deepEqual(await execute('PRAGMA synchronous'), [{ synchronous: 2n }]);
  assert.deepEqual(await execute('PRAGMA journal_mode'), [{ journal_mode: 'wal' }]);
});

test('no statement slips into a transaction that waits for something', async () => {
  const dataSource = await createDataSource({ kind: 'sqlite', path: ':memory:' }).initialize();
  const database = new Database(dataSource, dialectOf('sqlite'), 'memory');
  await dataSource.query('CREATE TABLE seen (what TEXT)');
  const failing = database.transaction(async ({ manager }) => {
    await manager.query(`INSERT INTO seen VALUES ('rolled back')`);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    throw new Error('no');
  });
  const read = database.read(({ manager }) => manager.query('SELECT what FROM seen'));
  const written = database.transaction(({ manager }) => manager.query(`INSERT INTO seen VALUES ('kept')`));
  await assert.rejects(failing, /^Error: no$/);
  await written;
  assert.deepEqual(await read, []);
  assert.deepEqual(await dataSource.query('SELECT what FROM seen'), [{ what: 'kept' }]);
  await dataSource.destroy();
});

test('a transaction holds the file’s write lock from its beginning', async (t) => {
  const { path } = await aFile(t);
  const dataSource = await createDataSource({ kind: 'sqlite', path }).initialize();
  t.after(() => dataSource.destroy());
  const other = new SqliteConnection(path, { timeout: 0 });
  t.after(() => other.close());
  await new Database(dataSource, dialectOf('sqlite'), path).transaction(async ({ manager }) => {
    await manager.query('SELECT count(*) FROM etl_jobs');
    assert.throws(() => other.exec('BEGIN IMMEDIATE'), { code: 'SQLITE_BUSY' });
  });
  other.exec('BEGIN IMMEDIATE');
});

test('a transaction that nobody waits for any more does not commit', async (t) => {
  const dataSource = await createDataSource({ kind: 'sqlite', path: ':memory:' }).initialize();
  t.after(() => dataSource.destroy());
  await dataSource.query('CREATE TABLE seen (what TEXT)');
  // Only a server can keep one waiting; this connection survives being given up, which makes it the harder case.
  const patient = { ...dialectOf('sqlite'), kind: 'mysql' } as const;
  const database = new Database(dataSource, patient, 'memory', 20);
  let goOn: (() => void) | undefined;
  const hanging = database.transaction(async ({ manager }) => {
    await manager.query(`INSERT INTO seen VALUES ('too late')`);
    await new Promise<void>((resolve) => (goOn = resolve));
  });
  await assert.rejects(hanging, { ...UNAVAILABLE, message: /no answer within 0.02 s/ });
  goOn?.();
  await eventually(async () => !(await isInTransaction(dataSource)), { describe: 'the rollback' });
  assert.deepEqual(await dataSource.query('SELECT what FROM seen'), []);
});

test('after closing, calls are unavailable instead of crashing', async (t) => {
  const { state } = await aFile(t);
  await state.close();
  await state.close();
  await assert.rejects(state.ping(), UNAVAILABLE);
  await assert.rejects(state.organizations.pause('x'), UNAVAILABLE);
});

test('a virtual clock takes the place of the database’s, for leases too', async () => {
  let now = 1_000_000n;
  const state = await openState({ kind: 'sqlite', path: ':memory:', clock: () => now });
  await state.migrate();
  const key = await aQueuedJob(state, await anOrganization(state));
  assert.equal((await jobOf(state, key)).createdAt, 1_000_000n);
  await state.jobs.claim(key, 'worker-1', 60_000);
  now += 60_000_000n - 1n;
  assert.equal((await state.jobs.claim(key, 'worker-2', 60_000)).kind, 'busy');
  now += 1n;
  assert.equal((await state.jobs.claim(key, 'worker-2', 60_000)).kind, 'claimed');
  await state.close();
});

async function isInTransaction(dataSource: DataSource): Promise<boolean> {
  // A transaction cannot be begun inside another.
  return dataSource.query('BEGIN').then(
    () => dataSource.query('ROLLBACK').then(() => false),
    () => true,
  );
}

type File = { state: State; path: string; execute: (sql: string) => Promise<Record<string, unknown>[]> };

async function aFile(t: TestContext): Promise<File> {
  const path = join(await aDirectory(t), 'state.sqlite');
  const dataSource = await createDataSource({ kind: 'sqlite', path }).initialize();
  const state = stateOn(dataSource, { kind: 'sqlite', path });
  t.after(() => state.close());
  await state.migrate();
  return { state, path, execute: (sql) => dataSource.query(sql) };
}

async function aDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-state-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}
