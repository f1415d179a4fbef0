// Starts the program as processes of their own, with a database, topics and tables that one test has for itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../dev/emulators/free-port.ts';
import type { JobKey } from '../../src/job/job.ts';
import { createPubSubClients } from '../../src/pubsub/clients.ts';
import { provision } from '../../src/pubsub/provision.ts';
import { createPublisher } from '../../src/pubsub/publisher.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { PATIENCE_MS, startDaemon, type Cleanup, type Daemon } from '../support/daemon.ts';
import { newCopy, openWarehouses, sqlName, type Copy } from './run-setup.ts';

const PROJECT = 'daemon-test';

/** What a test's processes work on. */
export type DaemonSetup = {
  readonly state: State;
  readonly database: DatabaseSettings;
  /** What processes are started with. */
  readonly variables: Readonly<Record<string, string>>;
  /** A copy of this many rows in batches of ten; its state is that of the processes. */
  newCopy(rows: number): Promise<Copy>;
  publish(key: JobKey): Promise<void>;
  /** Starts a worker; it is killed after the test if it still runs. */
  start(variables?: Readonly<Record<string, string>>): Promise<Daemon>;
  /** Resolves with the job once it meets the condition. */
  jobWhen(
    key: JobKey,
    what: string,
    condition: (job: JobRecord) => boolean | Promise<boolean>,
  ): Promise<JobRecord>;
  /** Resolves once this many batches of the job's first plan were acknowledged. */
  acknowledged(key: JobKey, batches: number): Promise<void>;
};

/** An empty, migrated database (an SQLite file unless another one is given), topics and subscriptions, and variables that lead to them. */
export async function daemonSetup(context: TestContext, database?: DatabaseSettings): Promise<DaemonSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-daemon-'));
  context.after(() => rm(folder, { recursive: true }));
  const settings = database ?? { kind: 'sqlite', path: join(folder, 'state.sqlite') };
  const state = await openState(settings);
  context.after(() => state.close());
  await state.migrate();
  const warehouses = openWarehouses();
  context.after(() => warehouses.close());
  const topics = jobTopics(context);
  await topics.provision();
  const variables = { ...workerVariables(warehouses.sides, settings), ...topics.variables };
  const jobWhen: DaemonSetup['jobWhen'] = (key, what, condition) => {
    let last: JobRecord | undefined;
    return eventually(
      async () => {
        last = await state.jobs.find(key);
        return last && (await condition(last)) ? last : undefined;
      },
      { describe: () => `${what}; the job is ${described(last)}`, timeoutMs: PATIENCE_MS },
    );
  };
  return {
    state,
    database: settings,
    variables,
    jobWhen,
    async newCopy(rows) {
      const columns = 'id INT64, cost FLOAT64, currency STRING, export_time TIMESTAMP';
      const copy = await newCopy(state, () => warehouses, columns);
      await warehouses.atSource(
        `INSERT INTO ${sqlName(copy.source)} SELECT n, n / 7, 'USD', TIMESTAMP '2026-01-01 00:00:00 UTC'
         FROM UNNEST(GENERATE_ARRAY(1, ${rows})) AS n`,
      );
      return copy;
    },
    publish: (key) => topics.publish(key),
    start: async (more = {}) =>
      startDaemon(context, { ...variables, HTTP_PORT: `${await freePort()}`, ...more }),
    async acknowledged(key, batches) {
      await jobWhen(key, `${batches} acknowledged batches`, async () => {
        return (await state.batches.progress(key, 1)).batches >= batches;
      });
    },
  };
}

/** The variables that lead a worker to these warehouses, this database and this Pub/Sub emulator, with small batches and the shortest lease. */
export function workerVariables(
  { source, destination }: ReturnType<typeof openWarehouses>['sides'],
  database: DatabaseSettings,
  pubSubHost = pubSubEmulatorHost(),
): Record<string, string> {
  return {
    ...(database.kind === 'sqlite'
      ? { SQLITE_PATH: database.path }
      : {
          DB_HOST: database.host,
          DB_PORT: `${database.port}`,
          DB_USER: database.user,
          DB_PASSWORD: database.password,
          DB_NAME: database.database,
        }),
    PROJECT_ID: PROJECT,
    PUBSUB_EMULATOR_HOST: pubSubHost,
    BIGQUERY_EMULATOR_HOST: source.restHost,
    BIGQUERY_STORAGE_EMULATOR_HOST: source.grpcHost,
    DESTINATION_BIGQUERY_EMULATOR_HOST: destination.restHost,
    DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: destination.grpcHost,
    LEASE_SECONDS: '10',
    BATCH_SIZE: '10',
    RETRY_DELAY: '1',
    LOG_LEVEL: 'debug',
  };
}

/** A topic, a dead-letter topic and their subscriptions, made anew by `provision` when the emulator has lost them. */
export type JobTopics = {
  readonly variables: Readonly<Record<string, string>>;
  provision(): Promise<unknown>;
  publish(key: JobKey): Promise<void>;
};

/** New names on a Pub/Sub emulator; nothing is made yet. */
export function jobTopics(cleanup: Cleanup, host = pubSubEmulatorHost()): JobTopics {
  const topic = uniqueName('jobs');
  const names = {
    projectId: PROJECT,
    topic,
    subscription: topic,
    deadLetterTopic: `${topic}_dead`,
    deadLetterSubscription: `${topic}_dead`,
  };
  const clients = createPubSubClients({ projectId: PROJECT, emulatorHost: host });
  cleanup.after(() => clients.close());
  const publisher = createPublisher(clients, names);
  return {
    variables: {
      TOPIC: names.topic,
      SUBSCRIPTION: names.subscription,
      DEAD_LETTER_TOPIC: names.deadLetterTopic,
      DEAD_LETTER_SUBSCRIPTION: names.deadLetterSubscription,
    },
    provision: () => provision(clients, names),
    async publish(key) {
      const request = { jobType: 'incremental', window: undefined, requestedBy: undefined } as const;
      await publisher.publishJob({ ...key, ...request });
    },
  };
}

function described(job: JobRecord | undefined): string {
  if (!job) return 'unknown';
  const { status, attempts, interruptions, errorReason, errorMessage } = job;
  return JSON.stringify({ status, attempts, interruptions, errorReason, errorMessage });
}
