// A state whose database can be saved and put back as it was, under the feet of whoever uses it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { createDataSource } from '../../src/state/data-source.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { databaseServer } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

/** `state` is the database's as it is now: after restore() that of the backup. */
export type RestorableState = {
  readonly state: State;
  /** Saves the database while it is in use. */
  backUp(): Promise<void>;
  /** Puts the last backup in its place. */
  restore(): Promise<void>;
};

/** An empty, migrated database of the kind, gone after the test. */
export async function restorableState(
  context: TestContext,
  kind: DatabaseSettings['kind'],
): Promise<RestorableState> {
  const { settings, save } = await (kind === 'sqlite' ? sqliteFiles(context) : mariaDbDatabases(context));
  let saved: DatabaseSettings | undefined;
  let current = await openState(settings);
  context.after(() => current.close());
  await current.migrate();
  return {
    state: new Proxy({} as State, { get: (_target, name) => Reflect.get(current, name) as unknown }),
    async backUp() {
      saved = await save();
    },
    async restore() {
      if (!saved) throw new Error('there is no backup to restore');
      await current.close();
      current = await openState(saved);
    },
  };
}

type Saving = { readonly settings: DatabaseSettings; readonly save: () => Promise<DatabaseSettings> };

/** By VACUUM INTO, as docs/backup.md says. */
async function sqliteFiles(context: TestContext): Promise<Saving> {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-backup-'));
  context.after(() => rm(folder, { recursive: true }));
  const settings = { kind: 'sqlite', path: join(folder, 'state.sqlite') } as const;
  const save = async (): Promise<DatabaseSettings> => {
    const path = join(folder, `${uniqueName('backup')}.sqlite`);
    const source = await createDataSource(settings).initialize();
    await source.query('VACUUM INTO ?', [path]);
    await source.destroy();
    return { kind: 'sqlite', path };
  };
  return { settings, save };
}

/** Table by table in one transaction, which is what a dump with --single-transaction is. */
async function mariaDbDatabases(context: TestContext): Promise<Saving> {
  const server = await createConnection(databaseServer());
  const made: string[] = [];
  context.after(async () => {
    for (const name of made) await server.query(`DROP DATABASE ${name}`);
    await server.end();
  });
  const create = async (): Promise<DatabaseSettings & { database: string }> => {
    const database = uniqueName('backup');
    await server.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    made.push(database);
    return { kind: 'mysql', ...databaseServer(), database, poolSize: 4 };
  };
  const settings = await create();
  const save = async (): Promise<DatabaseSettings> => {
    const copy = await create();
    const [tables] = await server.query(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ?',
      [settings.database],
    );
    const names = (tables as { name: string }[]).map(({ name }) => name);
    for (const name of names)
      await server.query(`CREATE TABLE ${copy.database}.${name} LIKE ${settings.database}.${name}`);
    await server.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    for (const name of names)
      await server.query(`INSERT INTO ${copy.database}.${name} SELECT * FROM ${settings.database}.${name}`);
    await server.query('COMMIT');
    return copy;
  };
  return { settings, save };
}
