/** Makes the TypeORM data source of a database, the same for the worker and for TypeORM's own command line. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { Database as SqliteConnection } from 'better-sqlite3';
import mysql2 from 'mysql2';
import { DataSource } from 'typeorm';
import type { DatabaseSettings, MysqlSettings, SqliteSettings } from './database-settings.ts';
import { MYSQL_SESSION, SQLITE_PRAGMAS, VIRTUAL_CLOCK } from './dialect.ts';
import { ALL_ENTITIES } from './entities/all-entities.ts';
import { ALL_MIGRATIONS } from './migrations/all-migrations.ts';

const CONNECT_TIMEOUT_MS = 10_000;
// better-sqlite3 waits for a locked file without letting anything else run, so it waits briefly; Database waits the rest.
const SQLITE_BUSY_MS = 50;

/** The data source of these settings, not connected yet. It never changes the schema by itself. */
export function createDataSource(settings: DatabaseSettings): DataSource {
  return new DataSource({
    ...(settings.kind === 'mysql' ? mysqlOptions(settings) : sqliteOptions(settings)),
    entities: ALL_ENTITIES,
    migrations: ALL_MIGRATIONS,
    migrationsTableName: 'schema_migrations',
    synchronize: false,
    migrationsRun: false,
    logging: false,
  });
}

function mysqlOptions(settings: MysqlSettings) {
  return {
    type: 'mysql',
    driver: { ...mysql2, createPool: createConfiguredPool },
    host: settings.host,
    port: settings.port,
    username: settings.user,
    password: settings.password,
    database: settings.database,
    poolSize: settings.poolSize,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(settings.sslCa === undefined ? {} : { ssl: { ca: certificate(settings.sslCa) } }),
  } as const;
}

function createConfiguredPool(options: mysql2.PoolOptions): mysql2.Pool {
  const pool = mysql2.createPool(options);
  pool.on('connection', (connection) => {
    // A connection that fails here fails its next query too, where somebody listens.
    for (const statement of MYSQL_SESSION) connection.query(statement, () => undefined);
  });
  return pool;
}

function sqliteOptions(settings: SqliteSettings) {
  return {
    type: 'better-sqlite3',
    database: settings.path,
    enableWAL: settings.path !== ':memory:',
    timeout: SQLITE_BUSY_MS,
    prepareDatabase(connection: SqliteConnection) {
      for (const pragma of SQLITE_PRAGMAS) connection.pragma(pragma);
      const { clock } = settings;
      if (clock) connection.function(VIRTUAL_CLOCK, () => clock());
    },
  } as const;
}

function certificate(sslCa: string): string {
  return sslCa.includes('-----BEGIN') ? sslCa : readFileSync(sslCa, 'utf8');
}
