/** The only place that knows in what MySQL and SQLite differ: clock, locks, column types, the lock of a migration. */
import type { ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { TransientError } from '../job/errors.ts';
import { sqliteRows, sqliteWrite } from './sqlite-statements.ts';

/** What differs between databases, as the rest of state/ uses it. */
export type Dialect = {
  readonly kind: 'mysql' | 'sqlite';
  /** SQL for the database's clock in whole microseconds since 1970, UTC. */
  readonly now: string;
  begin(runner: QueryRunner): Promise<void>;
  commit(runner: QueryRunner): Promise<void>;
  rollback(runner: QueryRunner): Promise<void>;
  /** The rows a statement finds, each as its values in the order selected. */
  rows(runner: QueryRunner, sql: string, values: readonly unknown[]): Promise<unknown[][]>;
  /** Carries out a statement that writes, and says how many rows it wrote or found to be so already. */
  write(runner: QueryRunner, sql: string, values: readonly unknown[]): Promise<number>;
  /** Ends a SELECT that locks the rows it finds until the transaction ends. */
  readonly forUpdate: string;
  /** Ends an INSERT that overwrites these properties of a row that has the same values in its key already. */
  onDuplicate(key: readonly string[], overwrite: readonly string[]): string;
  /** The query, locking the rows it finds until the transaction ends. */
  locking<Row extends ObjectLiteral>(query: SelectQueryBuilder<Row>): SelectQueryBuilder<Row>;
  /** Runs work while no other process migrates this database. */
  whileMigrating<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T>;
};

const MIGRATION_LOCK_SECONDS = 120;

const mysql: Dialect = {
  kind: 'mysql',
  // UNIX_TIMESTAMP(NOW(6)) would repeat an hour every autumn under a session time zone with daylight saving.
  now: `TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))`,
  begin: (runner) => runner.startTransaction(),
  commit: (runner) => runner.commitTransaction(),
  rollback: (runner) => runner.rollbackTransaction(),
  async rows(runner, sql, values) {
    const rows = (await runner.query(sql, [...values])) as object[];
    return rows.map((row) => Object.values(row) as unknown[]);
  },
  async write(runner, sql, values) {
    return (await runner.query(sql, [...values], true)).affected ?? 0;
  },
  forUpdate: ' FOR UPDATE',
  onDuplicate: (_, overwrite) =>
    ` ON DUPLICATE KEY UPDATE ${overwrite.map((name) => `{${name}} = VALUES({${name}})`).join(', ')}`,
  locking: (query) => query.setLock('pessimistic_write'),
  async whileMigrating(runner, work) {
    const name = `concat('pulse-billing-etl.', md5(database()))`;
    const [row] = (await runner.query(`SELECT GET_LOCK(${name}, ${MIGRATION_LOCK_SECONDS}) AS taken`)) as {
      taken: unknown;
    }[];
    if (Number(row?.taken) !== 1)
      throw new TransientError(
        'database_unavailable',
        `another process has been migrating this database for ${MIGRATION_LOCK_SECONDS} s; wait for it, or end it`,
      );
    try {
      return await work();
    } finally {
      await runner.query(`SELECT RELEASE_LOCK(${name})`);
    }
  },
};

const sqlite: Dialect = {
  kind: 'sqlite',
  now: `CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) * 1000`,
  // TypeORM's own BEGIN is deferred: it takes the write lock at the first write, when it may be too late for it.
  begin: async (runner) => void sqliteWrite(runner.dataSource, 'BEGIN IMMEDIATE', []),
  commit: async (runner) => void sqliteWrite(runner.dataSource, 'COMMIT', []),
  rollback: async (runner) => void sqliteWrite(runner.dataSource, 'ROLLBACK', []),
  rows: async (runner, sql, values) => sqliteRows(runner.dataSource, sql, values),
  write: async (runner, sql, values) => sqliteWrite(runner.dataSource, sql, values),
  forUpdate: '',
  onDuplicate: (key, overwrite) =>
    ` ON CONFLICT (${key.map((name) => `{${name}}`).join(', ')}) ` +
    `DO UPDATE SET ${overwrite.map((name) => `{${name}} = excluded.{${name}}`).join(', ')}`,
  // BEGIN IMMEDIATE has locked the whole file.
  locking: (query) => query,
  async whileMigrating(runner, work) {
    await sqlite.begin(runner);
    try {
      const result = await work();
      await sqlite.commit(runner);
      return result;
    } catch (error) {
      await sqlite.rollback(runner);
      throw error;
    }
  },
};

/** Name under which a virtual clock is registered as an SQL function of an SQLite connection. */
export const VIRTUAL_CLOCK = 'virtual_clock';

/** The dialect of a database; with a virtual clock its time is that of the registered function. */
export function dialectOf(kind: Dialect['kind'], virtualClock = false): Dialect {
  if (kind === 'mysql') return mysql;
  return virtualClock ? { ...sqlite, now: `${VIRTUAL_CLOCK}()` } : sqlite;
}

/** Sent once over every new MySQL connection, before anything else. */
export const MYSQL_SESSION = [
  // Nothing is cut short or coerced silently, whatever the server's default.
  `SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'`,
  // No gap locks: fewer deadlocks between claims of neighbouring organizations.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // A worker stopped, or cut off, in the middle of a transaction would keep its locks, and everybody who needs them waiting,
  // for hours. MariaDB can end a transaction that is idle; MySQL only a connection, whatever it idles for.
  'SET SESSION innodb_lock_wait_timeout = 5 /*M!100300 , idle_transaction_timeout = 5 */ /*!80000 , wait_timeout = 20 */',
] as const;

/** Set once on every SQLite connection: FULL, because a decision must survive a power cut before it is acted upon. */
export const SQLITE_PRAGMAS = ['synchronous = FULL'] as const;

/** How the kinds of columns are written in a migration. */
export type ColumnTypes = {
  readonly id: { readonly type: string };
  readonly whole: { readonly type: string };
  readonly flag: { readonly type: string };
  /** Compared byte by byte: `A` and `a` are two names. */
  readonly text: { readonly type: string; readonly charset?: string; readonly collation?: string };
  /** As text, for names BigQuery limits to ASCII: a quarter of the room in an index. */
  readonly asciiText: { readonly type: string; readonly charset?: string; readonly collation?: string };
  readonly longText: { readonly type: string; readonly charset?: string; readonly collation?: string };
};

const UTF8 = { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
const ASCII = { charset: 'ascii', collation: 'ascii_bin' };

/** The column types of a dialect; SQLite compares text byte by byte by itself. */
export const COLUMN_TYPES: Readonly<Record<Dialect['kind'], ColumnTypes>> = {
  mysql: {
    id: { type: 'bigint' },
    whole: { type: 'bigint' },
    flag: { type: 'boolean' },
    text: { type: 'varchar', ...UTF8 },
    asciiText: { type: 'varchar', ...ASCII },
    longText: { type: 'longtext', ...UTF8 },
  },
  sqlite: {
    id: { type: 'integer' },
    whole: { type: 'bigint' },
    flag: { type: 'boolean' },
    text: { type: 'varchar' },
    asciiText: { type: 'varchar' },
    longText: { type: 'text' },
  },
};
