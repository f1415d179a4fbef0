// Starts a private MariaDB server on a free port of the loopback interface, with a data directory of its own.
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findMariaDb } from '../../setup/find-mariadb.mjs';
import { freePort } from '../free-port.ts';
import { removeDirectoryWhenWeDie } from '../parent-death.ts';
import { startServerProcess } from '../server-process.ts';
import { asRoot, prepareDataDirectory, REDO_LOG_SIZE, temporaryDirectory } from './data-directory.ts';

interface MariaDbOptions {
  /** Where its data live; a directory that holds data is started as it is. Default: a temporary one, removed by `stop`. */
  dataDir?: string;
  /** Whether a commit is flushed to the disk. Default false: it survives the server's crash, not the machine's, and is faster. */
  durable?: boolean;
  /** PEM files of its certificate and key: connections must be encrypted then. */
  tls?: { certificate: string; key: string };
}

/** A running MariaDB server and a user who may do anything on it. */
export interface MariaDb {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly socket: string;
  readonly dataDir: string;
  /** The process id of the server that runs now; another one after `restart`. */
  readonly pid: number;
  /** Creates an empty database in utf8mb4. */
  createDatabase(name: string): Promise<void>;
  /** Shuts it down in good order; a temporary data directory is removed. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as a crash would; its data stay for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after ending it if it runs. */
  restart(): Promise<void>;
}

/** Resolves with a server that accepts connections and that ends with this process; throws when MariaDB is not installed. */
export async function startMariaDb({ dataDir, durable = false, tls }: MariaDbOptions = {}): Promise<MariaDb> {
  const programs = findMariaDb();
  if (programs === undefined) {
    throw new Error(
      'MariaDB is not installed; `npm run setup -- --for test` installs it or says how to get it',
    );
  }
  const home = await temporaryDirectory();
  const callOff = removeDirectoryWhenWeDie(home);
  const data = dataDir ?? join(home, 'data');
  await prepareDataDirectory(data, programs.initializer, programs.server);

  const port = await freePort();
  const login = { host: '127.0.0.1', port, user: 'pulse', password: randomBytes(12).toString('hex') };
  const asUser = { ...login, ...(tls && { ssl: { ca: await readFile(tls.certificate) } }) };
  const socket = join(home, 'server.sock');
  const initFile = join(home, 'init.sql');
  // One statement a line, as the server's init-file wants it.
  await writeFile(
    initFile,
    `CREATE OR REPLACE USER '${login.user}'@'127.0.0.1' IDENTIFIED BY '${login.password}';\n` +
      `GRANT ALL ON *.* TO '${login.user}'@'127.0.0.1' WITH GRANT OPTION;\n`,
    { mode: 0o600 },
  );

  const launch = async () =>
    startServerProcess({
      name: 'MariaDB',
      command: programs.server,
      args: [
        '--no-defaults',
        `--datadir=${data}`,
        `--port=${port}`,
        `--socket=${socket}`,
        `--pid-file=${join(home, 'server.pid')}`,
        `--init-file=${initFile}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--character-set-server=utf8mb4',
        '--max-connections=500',
        '--innodb-buffer-pool-size=128M',
        `--innodb-log-file-size=${REDO_LOG_SIZE}`,
        `--innodb-flush-log-at-trx-commit=${durable ? 1 : 2}`,
        ...(tls ? [`--ssl-cert=${tls.certificate}`, `--ssl-key=${tls.key}`] : []),
        `--require-secure-transport=${tls ? 'ON' : 'OFF'}`,
        ...asRoot(),
      ],
      answers: async () => {
        const connection = await createConnection(asUser);
        await connection.end();
        return true;
      },
    });
  let server = await launch();

  return {
    ...login,
    socket,
    dataDir: data,
    get pid() {
      return server.pid;
    },
    async createDatabase(name) {
      const connection = await createConnection(asUser);
      await connection.query(`CREATE DATABASE ${connection.escapeId(name)} CHARACTER SET utf8mb4`);
      await connection.end();
    },
    async stop() {
      await server.stop();
      callOff();
      await rm(home, { recursive: true, force: true });
    },
    kill: async () => server.kill(),
    async restart() {
      await server.stop();
      server = await launch();
    },
  };
}
