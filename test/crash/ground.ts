// What the processes of an episode stand on: a database, two warehouses, topics, and the built program.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freePort } from '../../dev/emulators/free-port.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { jobTopics, workerVariables, type JobTopics } from '../integration/daemon-process.ts';
import { openWarehouses, type Warehouses } from '../integration/run-setup.ts';
import { startDaemon, type Cleanup, type Daemon, type Program } from '../support/daemon.ts';
import { databaseServer, pubSubEmulatorHost, type DatabaseServer } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';
import type { Endings } from './endings.ts';
import { STRIKES_VARIABLE, type Report, type Strike } from './strike.ts';

/** Where an episode happens. */
export type Ground = {
  readonly state: State;
  readonly warehouses: () => Warehouses;
  readonly topics: JobTopics;
  /** Starts a replica with these strikes before it. */
  start(strikes: readonly Strike[], onReport: (report: Report) => void): Promise<Daemon>;
};

/** What differs from the servers that all tests share. */
export type GroundOptions = {
  /** The database of the harness itself; default: a new one on the shared MariaDB. */
  readonly database?: DatabaseSettings;
  /** The database as the workers reach it, when that is another way. */
  readonly databaseOfWorkers?: DatabaseSettings;
  readonly warehouses?: () => Warehouses;
  readonly pubSubHost?: string;
  readonly variables?: Readonly<Record<string, string>>;
};

/** A migrated database, topics, and workers of two job slots each that can be started on them. */
export async function crashGround(
  endings: Endings,
  program: Program,
  options: GroundOptions = {},
): Promise<Ground> {
  const database = options.database ?? (await newDatabase(databaseServer()));
  const state = await openState(database);
  endings.after(() => state.close());
  await state.migrate();
  const warehouses = options.warehouses ?? sharedWarehouses(endings);
  const pubSubHost = options.pubSubHost ?? pubSubEmulatorHost();
  const topics = jobTopics(endings, pubSubHost);
  await topics.provision();
  const variables = {
    ...workerVariables(warehouses().sides, options.databaseOfWorkers ?? database, pubSubHost),
    ...topics.variables,
    MAX_CONCURRENT_JOBS: '2',
    LOG_LEVEL: 'info',
    ...options.variables,
  };
  return {
    state,
    warehouses,
    topics,
    async start(strikes, onReport) {
      if (endings.begun) throw new Error('the episode is over: no process is started any more');
      const own = { HTTP_PORT: `${await freePort()}`, [STRIKES_VARIABLE]: JSON.stringify(strikes) };
      const take = (line: string): void => onReport(JSON.parse(line) as Report);
      return startDaemon(endings, { ...variables, ...own }, { program, onReport: take });
    },
  };
}

/** An empty database on a server, by default the one all tests share. */
export async function newDatabase(server: DatabaseServer = databaseServer()): Promise<DatabaseSettings> {
  const { host, port, user, password } = server;
  const database = uniqueName('crash');
  const connection = await createConnection({ host, port, user, password });
  await connection.query(`CREATE DATABASE ${connection.escapeId(database)} CHARACTER SET utf8mb4`);
  await connection.end();
  return { kind: 'mysql', host, port, user, password, database, poolSize: 5 };
}

/** An SQLite file in a folder of its own. */
export async function newSqliteFile(cleanup: Cleanup): Promise<DatabaseSettings> {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-crash-'));
  cleanup.after(() => rm(folder, { recursive: true }));
  return { kind: 'sqlite', path: join(folder, 'state.sqlite') };
}

function sharedWarehouses(cleanup: Cleanup): () => Warehouses {
  const warehouses = openWarehouses();
  cleanup.after(() => warehouses.close());
  return () => warehouses;
}
