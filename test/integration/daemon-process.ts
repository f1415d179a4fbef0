// Starts the program as processes of their own, with a database, topics and tables that one test has for itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../dev/emulators/free-port.ts';
import type { JobKey } from '../../src/job/job.ts';
import { createPubSubClients } from '../../src/pubsub/clients.ts';
import { provision } from '../../src/pubsub/provision.ts';
import { createPublisher } from '../../src/pubsub/publisher.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { pubSubEmulatorHost } from '../support/environment.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { newCopy, openWarehouses, sqlName, type Copy } from './run-setup.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = 'daemon-test';
/** The machine is shared, and a crash costs a lease or two. */
const PATIENCE_MS = 120_000;

/** One entry of a worker's log. */
export type LogLine = {
  readonly message: string;
  readonly level: string;
  readonly metadata?: Record<string, unknown>;
};

/** A process of the program. */
export type Daemon = {
  readonly pid: number;
  /** Everything logged so far that matches. */
  logged(pattern: RegExp): readonly LogLine[];
  /** Resolves with the first entry that matches. */
  says(pattern: RegExp): Promise<LogLine>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it wrote to stderr so far. */
  errors(): string;
  /** Status and message of a probe. */
  probe(path: '/livez' | '/readyz' | '/startupz'): Promise<{ status: number; message: string }>;
};

/** What a test's processes work on. */
export type DaemonSetup = {
  readonly state: State;
  readonly database: DatabaseSettings;
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
  const names = await provisioned(context);
  const variables = {
    ...environment(warehouses.sides, settings),
    TOPIC: names.topic,
    SUBSCRIPTION: names.subscription,
    DEAD_LETTER_TOPIC: names.deadLetterTopic,
    DEAD_LETTER_SUBSCRIPTION: names.deadLetterSubscription,
  };
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
    publish: (key) => names.publish(key),
    start: async (more = {}) =>
      startDaemon(context, { ...variables, HTTP_PORT: `${await freePort()}`, ...more }),
    async acknowledged(key, batches) {
      await jobWhen(key, `${batches} acknowledged batches`, async () => {
        return (await state.batches.progress(key, 1)).batches >= batches;
      });
    },
  };
}

function environment(
  { source, destination }: ReturnType<typeof openWarehouses>['sides'],
  database: DatabaseSettings,
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
    PUBSUB_EMULATOR_HOST: pubSubEmulatorHost(),
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

async function provisioned(context: TestContext) {
  const topic = uniqueName('jobs');
  const names = {
    projectId: PROJECT,
    topic,
    subscription: topic,
    deadLetterTopic: `${topic}_dead`,
    deadLetterSubscription: `${topic}_dead`,
  };
  const clients = createPubSubClients({ projectId: PROJECT, emulatorHost: pubSubEmulatorHost() });
  context.after(() => clients.close());
  await provision(clients, names);
  const publisher = createPublisher(clients, names);
  return {
    ...names,
    async publish(key: JobKey): Promise<void> {
      await publisher.publishJob({
        ...key,
        jobType: 'incremental',
        window: undefined,
        requestedBy: undefined,
      });
    },
  };
}

/** Starts `worker` with these variables and no others. */
function startDaemon(context: TestContext, variables: Readonly<Record<string, string>>): Daemon {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'worker'], {
    cwd: REPOSITORY,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  context.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [lines, errors] = [logOf(child), textOf(child.stderr)];
  const logged = (pattern: RegExp): readonly LogLine[] =>
    lines.filter((line) => pattern.test(JSON.stringify(line)));
  return {
    pid: child.pid!,
    logged,
    errors,
    ended,
    signal: (name) => void child.kill(name),
    says: (pattern) =>
      eventually(() => logged(pattern)[0], {
        describe: () => `${String(pattern)} in the log; ${lastOf(lines)} ${errors()}`,
        timeoutMs: PATIENCE_MS,
      }),
    async probe(path) {
      const answer = await fetch(`http://127.0.0.1:${variables['HTTP_PORT']}${path}`);
      const body = (await answer.json()) as { message?: string; error?: { message: string } };
      return { status: answer.status, message: body.error?.message ?? body.message ?? '' };
    },
  };
}

function logOf(child: ChildProcess): LogLine[] {
  const lines: LogLine[] = [];
  let rest = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as LogLine);
  });
  return lines;
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function lastOf(lines: readonly LogLine[]): string {
  return `the last of ${lines.length} entries: ${JSON.stringify(lines.slice(-3))}`;
}

function described(job: JobRecord | undefined): string {
  if (!job) return 'unknown';
  const { status, attempts, interruptions, errorReason, errorMessage } = job;
  return JSON.stringify({ status, attempts, interruptions, errorReason, errorMessage });
}
