/** Applies the migrations and says how the database's schema relates to this program's. */
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import type { Database } from './database.ts';
import { sqliteConnection } from './sqlite-statements.ts';

/** `behind`: run migrate; `ahead`: a newer version has migrated, and this one must not touch the data. */
export type SchemaState =
  | { readonly kind: 'current' }
  | { readonly kind: 'behind'; readonly pending: string[] }
  | { readonly kind: 'ahead'; readonly unknown: string[] };

/** Compares the migrations applied to the database with those of this program. Changes nothing. */
export function readSchemaState(database: Database, dataSource: DataSource): Promise<SchemaState> {
  return database.withRunner((runner) => schemaState(dataSource, runner));
}

/** Applies what is pending and returns the names applied. Safe to interrupt, to repeat and to run in many processes at once. */
export function migrate(database: Database, dataSource: DataSource): Promise<string[]> {
  return database.withRunner((runner) =>
    withPlainIntegers(runner, () =>
      database.dialect.whileMigrating(runner, async () => {
        const executor = new MigrationExecutor(dataSource, runner);
        // MySQL commits each statement by itself, and SQLite's transaction is already open.
        executor.transaction = 'none';
        return (await executor.executePendingMigrations()).map((migration) => migration.name);
      }),
    ),
  );
}

/** Makes SQLite give integers as bigint, so that those beyond 2^53 arrive whole. MySQL gives them as text anyway. */
export function giveExactIntegers(dataSource: DataSource, exact: boolean): void {
  if (dataSource.options.type !== 'better-sqlite3') return;
  sqliteConnection(dataSource).defaultSafeIntegers(exact);
}

/** TypeORM compares what SQLite tells of a table with numbers. */
async function withPlainIntegers<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  giveExactIntegers(runner.dataSource, false);
  try {
    return await work();
  } finally {
    giveExactIntegers(runner.dataSource, true);
  }
}

async function schemaState(dataSource: DataSource, runner: QueryRunner): Promise<SchemaState> {
  const executor = new MigrationExecutor(dataSource, runner);
  const applied = (await executor.getExecutedMigrations()).map((migration) => migration.name);
  const known = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) return { kind: 'ahead', unknown };
  const pending = known.filter((name) => !applied.includes(name));
  return pending.length > 0 ? { kind: 'behind', pending } : { kind: 'current' };
}
