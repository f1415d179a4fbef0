/** Where the state lives: a MySQL or MariaDB server, or one SQLite file. */
import type { Micros } from '../job/instant.ts';

/** A MySQL or MariaDB server and how to log in. */
export type MysqlSettings = {
  readonly kind: 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The certificate authority that signed the server's certificate: PEM text or the path of a PEM file. */
  readonly sslCa?: string | undefined;
  readonly poolSize: number;
};

/** One SQLite file, for one worker on one machine. */
export type SqliteSettings = {
  readonly kind: 'sqlite';
  /** `:memory:` is a database of its own for every connection. */
  readonly path: string;
  /** Takes the place of the database's clock; for simulations only, where time is virtual. */
  readonly clock?: (() => Micros) | undefined;
};

/** The one database of this process. */
export type DatabaseSettings = MysqlSettings | SqliteSettings;

/** The database as error messages name it. */
export function databaseName(settings: DatabaseSettings): string {
  return settings.kind === 'sqlite'
    ? `SQLite file ${settings.path}`
    : `MySQL at ${settings.host}:${settings.port}, database ${settings.database}`;
}
