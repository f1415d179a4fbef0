/** The one table of environment variables: names, kinds, defaults and what they mean; code and README follow it. */
import {
  choice,
  flag,
  hostAndPort,
  httpUrl,
  matching,
  path,
  seconds,
  text,
  whole,
  type Kind,
} from './variable-kind.ts';

export const SECTIONS = ['Database', 'Google Cloud', 'Jobs', 'Logs and alerts', 'HTTP', 'Emulators'] as const;

/** One row of the table; a variable without a default may be left out. */
export type Variable = {
  readonly section: (typeof SECTIONS)[number];
  readonly kind: Kind<unknown>;
  readonly default?: string;
  /** Its value is never printed. */
  readonly secret?: true;
  readonly description: string;
};

const host = matching('host', /^[A-Za-z0-9._:-]+$/, 'a host name or an IP address');
// Ids of topics and subscriptions. Source: Pub/Sub documentation, "Guidelines to name a topic or subscription".
const pubSubId = matching(
  'id',
  /^(?!goog)[A-Za-z][A-Za-z0-9._~%+-]{2,254}$/,
  '3 to 255 of A-Z a-z 0-9 . _ ~ % + - that start with a letter and not with "goog"; the id alone, without projects/…',
);
const projectId = matching(
  'project id',
  /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,61}[a-z0-9]$/,
  'the id of a Google Cloud project, such as my-project-123',
);
const dataset = matching('dataset', /^[A-Za-z0-9_]{1,1024}$/, 'A-Z a-z 0-9 and _ only');
const email = matching('e-mail', /^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'the e-mail address of a service account');

/** Every variable the program reads, in the order of the README. */
export const VARIABLES = {
  DB_HOST: {
    section: 'Database',
    kind: host,
    description: 'MySQL or MariaDB server. Not set: SQLite, which is for one worker on one machine.',
  },
  DB_PORT: { section: 'Database', kind: whole(1, 65_535), default: '3306', description: 'Its port.' },
  DB_USER: { section: 'Database', kind: text, description: 'Its user; required with DB_HOST.' },
  DB_PASSWORD: { section: 'Database', kind: text, secret: true, description: 'Its password.' },
  DB_PASSWORD_FILE: {
    section: 'Database',
    kind: path,
    description: 'File that holds the password, instead of DB_PASSWORD. A line end after it is ignored.',
  },
  DB_NAME: {
    section: 'Database',
    kind: matching('name', /^[A-Za-z0-9_$-]{1,64}$/, 'at most 64 of A-Z a-z 0-9 _ $ -'),
    default: 'pulse_billing_etl',
    description: 'Its database; it must exist.',
  },
  DB_SSL_CA: {
    section: 'Database',
    kind: path,
    description: 'PEM file with the certificate authority of the server; turns TLS on.',
  },
  DB_POOL_SIZE: {
    section: 'Database',
    kind: whole(1, 1_000),
    default: '10',
    description: 'Connections a process holds at most.',
  },
  SQLITE_PATH: {
    section: 'Database',
    kind: path,
    default: './data/pulse-billing-etl.sqlite',
    description: 'The SQLite file, made when missing; used when DB_HOST is not set.',
  },
  RETENTION_DAYS: {
    section: 'Database',
    kind: whole(1, 36_500),
    default: '90',
    description: 'Steps, batches and dead letters older than this are deleted; job keys are kept for ever.',
  },

  PROJECT_ID: {
    section: 'Google Cloud',
    kind: projectId,
    description:
      'Project of the Pub/Sub topics and subscriptions; needed by worker, provision and enqueue. Queries are billed in the project of the table they ask.',
  },
  SERVICE_ACCOUNT_FILE: {
    section: 'Google Cloud',
    kind: path,
    description:
      'Key file of a service account. Not set: application-default credentials or Workload Identity.',
  },
  SUBSCRIPTION: {
    section: 'Google Cloud',
    kind: pubSubId,
    default: 'pulse-billing-etl',
    description: 'Subscription the worker pulls from.',
  },
  TOPIC: {
    section: 'Google Cloud',
    kind: pubSubId,
    default: 'pulse-billing-etl',
    description: 'Topic on which jobs are published.',
  },
  DEAD_LETTER_TOPIC: {
    section: 'Google Cloud',
    kind: pubSubId,
    default: 'pulse-billing-etl-dead',
    description: 'Topic for messages that can never run.',
  },
  DEAD_LETTER_SUBSCRIPTION: {
    section: 'Google Cloud',
    kind: pubSubId,
    default: 'pulse-billing-etl-dead',
    description: 'Subscription from which dead letters are filed in the database.',
  },

  BATCH_SIZE: {
    section: 'Jobs',
    kind: whole(1, 1_000_000),
    default: '50000',
    description: 'Rows between two checkpoints at most; a batch of 3 MiB ends earlier.',
  },
  MAX_RETRIES: {
    section: 'Jobs',
    kind: whole(0, 1_000),
    default: '3',
    description: 'Further attempts after a transient error; an outage of BigQuery is sat out for 90 minutes.',
  },
  RETRY_DELAY: {
    section: 'Jobs',
    kind: seconds(0, 600),
    default: '5',
    description:
      'Base of the delay before the n-th retry: a random part of RETRY_DELAY·2ⁿ⁻¹, 10 minutes at most.',
  },
  MAX_CONCURRENT_JOBS: {
    section: 'Jobs',
    kind: whole(1, 1_000),
    default: '4',
    description: 'Jobs a worker runs side by side.',
  },
  PARKED_LIMIT: {
    section: 'Jobs',
    kind: whole(0, 10_000),
    default: '100',
    description: 'Messages a worker holds without running them.',
  },
  READ_STREAMS: {
    section: 'Jobs',
    kind: whole(1, 100),
    default: '2',
    description: 'Streams a job reads and writes side by side.',
  },
  MEMORY_BUDGET_MB: {
    section: 'Jobs',
    kind: whole(16, 1_048_576, 1024 * 1024),
    default: '128',
    description: 'Rows in flight, over all jobs of a process, in MiB.',
  },
  LEASE_SECONDS: {
    section: 'Jobs',
    kind: seconds(10, 600),
    default: '60',
    description: 'How long a job stays with a worker that gives no sign of life.',
  },
  DRAIN_TIMEOUT: {
    section: 'Jobs',
    kind: seconds(1, 3_600),
    default: '25',
    description: 'How long a stopping worker waits for its jobs to reach a checkpoint.',
  },
  NO_PROGRESS_TIMEOUT: {
    section: 'Jobs',
    // BigQuery ends a query after six hours, which is the longest call there is. Source: BigQuery documentation, quotas and limits.
    kind: seconds(10, 604_800),
    default: '25200',
    description:
      'How long a job may show no sign of life before its run is stopped; longer than its longest query.',
  },
  TRANSFORMS_DIR: {
    section: 'Jobs',
    kind: path,
    default: './transforms',
    description: 'Folder of the SQL and module transforms.',
  },
  SOURCES_DIR: {
    section: 'Jobs',
    kind: path,
    default: './sources',
    description: 'Folder of the tables of source kind `files` and of the modules of kind `module:<name>`.',
  },
  MAX_WRITE_STREAMS_PER_HOUR: {
    section: 'Jobs',
    kind: whole(1, 10_000_000),
    default: '7200',
    description:
      'Write streams created an hour in one destination project, over all workers: each live worker takes its part of it. See docs/scaling.md.',
  },
  MAX_BIGQUERY_JOBS_PER_SECOND: {
    section: 'Jobs',
    kind: whole(1, 100_000),
    default: '80',
    description: 'Queries and copy jobs started a second under one account, over all workers alike.',
  },
  STAGING_DATASET: {
    section: 'Jobs',
    kind: dataset,
    description: 'Dataset for staging tables, in the project of either side. Not set: that of the table.',
  },

  LOG_LEVEL: {
    section: 'Logs and alerts',
    kind: choice('error', 'warn', 'info', 'debug'),
    default: 'info',
    description:
      'What is logged. Commands other than `worker` log warnings only, unless it is set; stacks are shown at debug.',
  },
  LOG_FORMAT: {
    section: 'Logs and alerts',
    kind: choice('json', 'pretty'),
    default: 'json',
    description:
      'One JSON object a line, or lines for people. Commands other than `worker` default to pretty.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    section: 'Logs and alerts',
    kind: httpUrl,
    description:
      'OpenTelemetry collector that traces are sent to by OTLP over HTTP, such as http://localhost:4318. Not set: no traces. Other OTEL_* variables are heeded as usual.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    section: 'Logs and alerts',
    kind: httpUrl,
    description: 'The whole URL for traces, such as http://localhost:4318/v1/traces, instead.',
  },
  OTEL_TRACES_EXPORTER: {
    section: 'Logs and alerts',
    kind: text,
    description: '`otlp` sends traces even without an endpoint (to localhost:4318), `none` sends none.',
  },
  OTEL_SDK_DISABLED: {
    section: 'Logs and alerts',
    kind: text,
    description: '`true` turns traces off whatever else is set.',
  },
  ALERT_WEBHOOK_URL: {
    section: 'Logs and alerts',
    kind: httpUrl,
    secret: true,
    description: 'Slack-compatible webhook that alerts are posted to. Not set: alerts are logged.',
  },
  ALERT_MODULE: {
    section: 'Logs and alerts',
    kind: path,
    description: 'Module that exports `sendAlert(alert, signal)`, called instead of a webhook.',
  },
  STALE_AFTER_HOURS: {
    section: 'Logs and alerts',
    kind: whole(1, 8_760),
    default: '48',
    description:
      'An organization whose copy is older than this while none of its jobs runs is alerted about, once a day.',
  },

  HTTP_HOST: {
    section: 'HTTP',
    kind: host,
    default: '127.0.0.1',
    description:
      'Address to listen on. Another than loopback needs ADMIN_TOKEN, which every request must then carry, or at least one of HTTP_PUBLIC_HEALTH, HTTP_PUBLIC_METRICS and PUSH_ENABLED, whose routes alone are then served.',
  },
  HTTP_PORT: {
    section: 'HTTP',
    kind: whole(0, 65_535),
    default: '8080',
    description: 'Port to listen on; 0 takes a free one.',
  },
  PORT: { section: 'HTTP', kind: whole(0, 65_535), description: 'Wins over HTTP_PORT, as on Cloud Run.' },
  HTTP_PUBLIC_HEALTH: {
    section: 'HTTP',
    kind: flag,
    default: 'false',
    description: 'Serves /livez, /readyz and /startupz on any address without a token, as probes need it.',
  },
  HTTP_PUBLIC_METRICS: {
    section: 'HTTP',
    kind: flag,
    default: 'false',
    description: 'Serves /metrics on any address without a token.',
  },
  ADMIN_TOKEN: {
    section: 'HTTP',
    kind: matching('text', /^[\x21-\x7e]+$/, 'printable ASCII without spaces, such as: openssl rand -hex 32'),
    secret: true,
    description: 'Token that permits changes, and reading from another address than loopback.',
  },
  ADMIN_TOKEN_FILE: {
    section: 'HTTP',
    kind: path,
    description: 'File that holds the token, instead of ADMIN_TOKEN. A line end after it is ignored.',
  },
  PUSH_ENABLED: {
    section: 'HTTP',
    kind: flag,
    default: 'false',
    description: 'Takes jobs by `POST /push` on any address; each request must carry an OIDC token.',
  },
  PUSH_AUDIENCE: {
    section: 'HTTP',
    kind: text,
    description: 'Audience the OIDC token must have; required with PUSH_ENABLED.',
  },
  PUSH_SERVICE_ACCOUNT: {
    section: 'HTTP',
    kind: email,
    description: 'Service account the OIDC token must be of; required with PUSH_ENABLED.',
  },

  PUBSUB_EMULATOR_HOST: {
    section: 'Emulators',
    kind: hostAndPort,
    description: 'Pub/Sub emulator instead of Google Cloud.',
  },
  BIGQUERY_EMULATOR_HOST: {
    section: 'Emulators',
    kind: hostAndPort,
    description: 'REST API of a BigQuery emulator.',
  },
  BIGQUERY_STORAGE_EMULATOR_HOST: {
    section: 'Emulators',
    kind: hostAndPort,
    description: 'Its gRPC storage API; required with BIGQUERY_EMULATOR_HOST.',
  },
  DESTINATION_BIGQUERY_EMULATOR_HOST: {
    section: 'Emulators',
    kind: hostAndPort,
    description: 'REST API of the emulator that is written to. Not set: BIGQUERY_EMULATOR_HOST.',
  },
  DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: {
    section: 'Emulators',
    kind: hostAndPort,
    description:
      'Its gRPC storage API; required with DESTINATION_BIGQUERY_EMULATOR_HOST. Not set: BIGQUERY_STORAGE_EMULATOR_HOST.',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly VariableName[];

/** The value of every variable as its kind reads it; undefined only where there is no default. */
export type Values = {
  readonly [N in VariableName]: (typeof VARIABLES)[N] extends {
    readonly kind: Kind<infer T>;
    readonly default: string;
  }
    ? T
    : (typeof VARIABLES)[N] extends { readonly kind: Kind<infer T> }
      ? T | undefined
      : never;
};

/** A variable's row; unlike the table itself it shows every optional column. */
export function variable(name: VariableName): Variable {
  return VARIABLES[name];
}
