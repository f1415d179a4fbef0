/** The data source for TypeORM's own command line: `npx tsx node_modules/typeorm/cli.js migration:show -d ormconfig.ts`. */
import { readFileSync } from 'node:fs';
import { createDataSource } from './src/state/data-source.ts';
import type { DatabaseSettings } from './src/state/database-settings.ts';

/** The database named by DB_HOST and its companions, or the SQLite file when DB_HOST is not set. */
export const dataSource = createDataSource(settingsFrom(process.env));

function settingsFrom(env: NodeJS.ProcessEnv): DatabaseSettings {
  const host = env['DB_HOST'];
  if (!host) return { kind: 'sqlite', path: env['SQLITE_PATH'] ?? './data/pulse-billing-etl.sqlite' };
  const passwordFile = env['DB_PASSWORD_FILE'];
  return {
    kind: 'mysql',
    host,
    port: Number(env['DB_PORT'] ?? 3306),
    user: env['DB_USER'] ?? 'root',
    password: passwordFile ? readFileSync(passwordFile, 'utf8').trim() : (env['DB_PASSWORD'] ?? ''),
    database: env['DB_NAME'] ?? 'pulse_billing_etl',
    sslCa: env['DB_SSL_CA'],
    poolSize: Number(env['DB_POOL_SIZE'] ?? 10),
  };
}
