// The databases the state must behave the same on: SQLite in memory, an SQLite file and MariaDB, each created empty and dropped.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { createDataSource } from '../../../src/state/data-source.ts';
import { stateOn, type DatabaseSettings, type State } from '../../../src/state/open-state.ts';
import { databaseServer } from '../../support/environment.ts';
import { uniqueName } from '../../support/eventually.ts';

export type DatabaseKind = 'SQLite in memory' | 'SQLite file' | 'MariaDB';

/** One empty, migrated database. */
export type TestDatabase = {
  readonly kind: DatabaseKind;
  readonly settings: DatabaseSettings;
  readonly state: State;
  /** The state over connections of its own, as another process has it; in memory there is only the one. */
  openAnother: () => Promise<State>;
  /** One statement past the stores, for what no store would do. */
  execute: (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  drop: () => Promise<void>;
};

const KINDS: readonly DatabaseKind[] = ['SQLite in memory', 'SQLite file', 'MariaDB'];

/** Runs the cases once on each database; the function they get returns it once the tests run. */
export function onEveryDatabase(cases: (database: () => TestDatabase, kind: DatabaseKind) => void): void {
  for (const kind of KINDS) onDatabase(kind, cases);
}

/** Runs the cases on one kind of database. */
export function onDatabase(
  kind: DatabaseKind,
  cases: (database: () => TestDatabase, kind: DatabaseKind) => void,
): void {
  describe(`on ${kind}`, () => {
    let database: TestDatabase | undefined;
    before(async () => {
      database = await createTestDatabase(kind);
      await database.state.migrate();
    });
    after(() => database?.drop());
    cases(() => database!, kind);
  });
}

/** An empty database without any table. */
export async function createTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  const { settings, remove } = await create(kind);
  const opened: State[] = [];
  const open = async () => {
    const dataSource = await createDataSource(settings).initialize();
    const state = stateOn(dataSource, settings);
    opened.push(state);
    return { dataSource, state };
  };
  const { dataSource, state } = await open();
  return {
    kind,
    settings,
    state,
    openAnother: async () => (kind === 'SQLite in memory' ? state : (await open()).state),
    execute: (sql, values = []) => dataSource.query(sql, values),
    async drop() {
      for (const each of opened) await each.close();
      await remove();
    },
  };
}

/** Runs a statement on the database server, outside any test database. */
export async function onServer(sql: string): Promise<void> {
  const connection = await createConnection(databaseServer());
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function create(
  kind: DatabaseKind,
): Promise<{ settings: DatabaseSettings; remove: () => Promise<void> }> {
  if (kind === 'SQLite in memory')
    return { settings: { kind: 'sqlite', path: ':memory:' }, remove: async () => undefined };
  if (kind === 'SQLite file') {
    const directory = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-state-'));
    // In a directory that is not there yet, as in a fresh checkout.
    const path = join(directory, 'data', 'state.sqlite');
    return { settings: { kind: 'sqlite', path }, remove: () => rm(directory, { recursive: true }) };
  }
  const database = uniqueName('state');
  // A default that would lose characters and distinctions, if the migrations relied on it.
  await onServer(`CREATE DATABASE ${database} CHARACTER SET latin1 COLLATE latin1_swedish_ci`);
  return {
    settings: { kind: 'mysql', ...databaseServer(), database, poolSize: 8 },
    remove: () => onServer(`DROP DATABASE ${database}`),
  };
}
