// The one SQLite database of this process: migrated once, emptied between worlds, and read behind the program's back.
import type { Database as SqliteConnection, Statement } from 'better-sqlite3';
import type { Micros } from '../../src/job/instant.ts';
import { createDataSource } from '../../src/state/data-source.ts';
import { stateOn, type State } from '../../src/state/open-state.ts';
import { factsOf, type Facts } from './database-facts.ts';
import {
  destinationOf,
  isFingerprinted,
  isPushedDown,
  isTransformed,
  ORGANIZATIONS,
  quarantineOf,
  sourceOf,
} from './organizations.ts';
import { TRANSFORM } from './simulated-module.ts';

export type SharedDatabase = {
  readonly state: State;
  readonly facts: Facts;
  /** Every row of every table, as text. */
  contents(): string;
  /** Runs a statement of a known-bad variant. */
  execute(sql: string, ...values: readonly unknown[]): void;
  /** No jobs, all organizations as new, and another clock. */
  empty(clock: () => Micros): void;
  close(): Promise<void>;
};

/** Opens it, with every organization a world may use. */
export async function openSharedDatabase(): Promise<SharedDatabase> {
  let clock: () => Micros = () => 0n;
  const settings = { kind: 'sqlite', path: ':memory:', clock: () => clock() } as const;
  const dataSource = createDataSource(settings);
  await dataSource.initialize();
  const state = stateOn(dataSource, settings);
  await state.migrate();
  for (const organizationId of ORGANIZATIONS)
    await state.organizations.set({
      organizationId,
      source: sourceOf(organizationId),
      destination: destinationOf(organizationId),
      destinationLocation: 'US',
      writePath: writePathOf(organizationId),
      ...(isTransformed(organizationId) && {
        transform: TRANSFORM,
        quarantineTable: quarantineOf(organizationId),
        maxRejectedPercent: 100,
      }),
      ...(isFingerprinted(organizationId) && { verifyLevel: 'fingerprint' }),
    });
  const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: SqliteConnection };
  const written = { etl_jobs: new Set<bigint>(), client_billing_config: new Set<bigint>() };
  const empty = emptying(databaseConnection, (next) => (clock = next));
  return {
    state,
    facts: factsOf(databaseConnection, written),
    contents: contentsOf(databaseConnection),
    execute: (sql, ...values) => void databaseConnection.prepare(sql).run(...values),
    empty: (next) => {
      empty(next);
      for (const ids of Object.values(written)) ids.clear();
    },
    close: () => state.close(),
  };
}

/** Until somebody changes it. */
function writePathOf(organizationId: string): 'query' | 'auto' {
  return isPushedDown(organizationId) ? 'query' : 'auto';
}

function tablesOf(connection: SqliteConnection): readonly string[] {
  const names = `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`;
  return connection.prepare(names).pluck().all() as string[];
}

function contentsOf(connection: SqliteConnection): () => string {
  const tables = tablesOf(connection).map((name) => connection.prepare(`SELECT * FROM "${name}"`).raw());
  return () => tables.map((table) => table.all().join('\n')).join('\n\n');
}

function emptying(connection: SqliteConnection, setClock: (clock: () => Micros) => void) {
  const tables = tablesOf(connection);
  const kept = ['client_billing_config', 'schema_migrations', 'sqlite_sequence'];
  const statements: Statement[] = tables
    .filter((name) => !kept.includes(name))
    .map((name) => connection.prepare(`DELETE FROM "${name}"`));
  statements.push(
    connection.prepare(
      'UPDATE client_billing_config SET last_successful_run = NULL, active_job = NULL, paused = 0',
    ),
    ...ORGANIZATIONS.map((id) =>
      connection.prepare(
        `UPDATE client_billing_config SET write_path = '${writePathOf(id)}' WHERE organization_id = '${id}'`,
      ),
    ),
    connection.prepare(`DELETE FROM sqlite_sequence WHERE name <> 'client_billing_config'`),
  );
  return (clock: () => Micros): void => {
    setClock(clock);
    for (const statement of statements) statement.run();
  };
}
