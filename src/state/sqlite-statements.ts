/** Carries out statements on SQLite's one connection, each compiled once and past everything TypeORM does around a query. */
import type { Database as SqliteConnection, Statement } from 'better-sqlite3';
import type { DataSource } from 'typeorm';

type Values = readonly unknown[];

// The statements of state/ are a closed set, so nothing is ever thrown out.
const compiled = new WeakMap<SqliteConnection, Map<string, Statement>>();

/** The connection of an SQLite data source, as its driver knows it. */
export function sqliteConnection(dataSource: DataSource): SqliteConnection {
  return (dataSource.driver as unknown as { databaseConnection: SqliteConnection }).databaseConnection;
}

/** The rows found, each as its values in the order selected. */
export function sqliteRows(dataSource: DataSource, sql: string, values: Values): unknown[][] {
  return statement(dataSource, sql, values).all(...values) as unknown[][];
}

/** Carries out a statement that gives no rows and says how many it wrote. */
export function sqliteWrite(dataSource: DataSource, sql: string, values: Values): number {
  return statement(dataSource, sql, values).run(...values).changes;
}

function statement(dataSource: DataSource, sql: string, values: Values): Statement {
  // Whoever has TypeORM log the queries sees these, too.
  dataSource.logger.logQuery(sql, [...values]);
  const connection = sqliteConnection(dataSource);
  let statements = compiled.get(connection);
  if (!statements) compiled.set(connection, (statements = new Map<string, Statement>()));
  let found = statements.get(sql);
  if (!found) {
    found = connection.prepare(sql);
    if (found.reader) found.raw(true);
    statements.set(sql, found);
  }
  return found;
}
