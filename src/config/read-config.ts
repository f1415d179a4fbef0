/** Reads the environment into one frozen configuration, or into everything that is wrong with it. */
import type { BigQueryEmulator, Config, DatabaseConfig } from './config.ts';
import { crossRules } from './cross-rules.ts';
import { nearestName } from './near-miss.ts';
import { variable, VARIABLE_NAMES, type Values, type VariableName } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem at once, each naming the variable, its value (never a secret's) and the mend. */
export type ReadConfig =
  | { readonly kind: 'ok'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly kind: 'invalid'; readonly problems: readonly string[]; readonly warnings: readonly string[] };

/** Never throws; an empty variable counts as not set. readFile reads the _FILE variants, SERVICE_ACCOUNT_FILE and DB_SSL_CA as UTF-8. */
export function readConfig(env: Environment, readFile: (path: string) => string): ReadConfig {
  const problems: string[] = [];
  const isSet = (name: VariableName): boolean => (env[name] ?? '') !== '';
  const values = Object.fromEntries(
    VARIABLE_NAMES.map((name) => [name, readVariable(name, env[name], problems)]),
  ) as Values;
  const files = readFiles(values, readFile, problems);
  const crossed = crossRules(values, isSet);
  problems.push(...crossed.problems);
  const warnings = [...crossed.warnings, ...misspelt(env)];
  if (problems.length > 0) return { kind: 'invalid', problems, warnings };
  return { kind: 'ok', config: deepFreeze(toConfig(values, files)), warnings };
}

/** Undefined for a problem too: what is built from it is thrown away. */
function readVariable(name: VariableName, given: string | undefined, problems: string[]): unknown {
  const row = variable(name);
  const text = given === undefined || given === '' ? row.default : given;
  if (text === undefined) return undefined;
  const parsed = row.kind.parse(text);
  if ('value' in parsed) return parsed.value;
  problems.push(
    `${name} is ${row.secret ? 'set to a value that is not allowed' : quote(text)}: ${parsed.mend}`,
  );
  return row.default === undefined ? undefined : readVariable(name, undefined, problems);
}

type Files = { readonly password: string; readonly adminToken: string | undefined; readonly sslCa?: string };

function readFiles(values: Values, readFile: (path: string) => string, problems: string[]): Files {
  const read = (name: VariableName, path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    try {
      const content = readFile(path).replace(/\r?\n$/, '');
      if (content === '') problems.push(`${name} is ${quote(path)}: the file is empty`);
      return content;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      problems.push(
        `${name} is ${quote(path)}: the file cannot be read (${why}); mend the path or its permissions`,
      );
      return undefined;
    }
  };
  const adminToken = read('ADMIN_TOKEN_FILE', values.ADMIN_TOKEN_FILE);
  if (adminToken !== undefined && adminToken !== '') {
    const parsed = variable('ADMIN_TOKEN').kind.parse(adminToken);
    if ('mend' in parsed) problems.push(`ADMIN_TOKEN_FILE holds a token that is not allowed: ${parsed.mend}`);
  }
  const sslCa = read('DB_SSL_CA', values.DB_SSL_CA);
  const credentials = read('SERVICE_ACCOUNT_FILE', values.SERVICE_ACCOUNT_FILE);
  if (credentials !== undefined && credentials !== '' && !isJsonObject(credentials))
    problems.push(
      `SERVICE_ACCOUNT_FILE is ${quote(values.SERVICE_ACCOUNT_FILE ?? '')}: the file is no JSON key of a service account`,
    );
  return {
    password: values.DB_PASSWORD ?? read('DB_PASSWORD_FILE', values.DB_PASSWORD_FILE) ?? '',
    adminToken: values.ADMIN_TOKEN ?? adminToken,
    ...(sslCa === undefined ? {} : { sslCa }),
  };
}

/** The secrets as the environment holds them, for errors that come before there is a configuration. */
export function secretsIn(env: Environment): string[] {
  return VARIABLE_NAMES.filter((name) => variable(name).secret).flatMap((name) => env[name] ?? []);
}

function misspelt(env: Environment): string[] {
  const known = new Set<string>(VARIABLE_NAMES);
  return Object.keys(env)
    .filter((name) => !known.has(name) && (env[name] ?? '') !== '')
    .flatMap((name) => {
      const nearest = nearestName(name, VARIABLE_NAMES);
      // A variable whose correct spelling is there too was not meant to be it.
      return nearest === undefined || (env[nearest] ?? '') !== ''
        ? []
        : [`${quote(name)} is not a variable of this program and was ignored: did you mean ${nearest}?`];
    });
}

function toConfig(values: Values, files: Files): Config {
  const source = emulator(values.BIGQUERY_EMULATOR_HOST, values.BIGQUERY_STORAGE_EMULATOR_HOST);
  return {
    database: toDatabase(values, files),
    retentionDays: values.RETENTION_DAYS,
    projectId: values.PROJECT_ID,
    serviceAccountFile: values.SERVICE_ACCOUNT_FILE,
    pubsub: {
      topic: values.TOPIC,
      subscription: values.SUBSCRIPTION,
      deadLetterTopic: values.DEAD_LETTER_TOPIC,
      deadLetterSubscription: values.DEAD_LETTER_SUBSCRIPTION,
    },
    jobs: {
      batchSize: values.BATCH_SIZE,
      maxRetries: values.MAX_RETRIES,
      retryDelayMs: values.RETRY_DELAY,
      maxConcurrentJobs: values.MAX_CONCURRENT_JOBS,
      parkedLimit: values.PARKED_LIMIT,
      readStreams: values.READ_STREAMS,
      memoryBudgetBytes: values.MEMORY_BUDGET_MB,
      leaseMs: values.LEASE_SECONDS,
      drainTimeoutMs: values.DRAIN_TIMEOUT,
      noProgressTimeoutMs: values.NO_PROGRESS_TIMEOUT,
      transformsDir: values.TRANSFORMS_DIR,
      sourcesDir: values.SOURCES_DIR,
      stagingDataset: values.STAGING_DATASET,
      writeStreamsPerHour: values.MAX_WRITE_STREAMS_PER_HOUR,
      bigQueryJobsPerSecond: values.MAX_BIGQUERY_JOBS_PER_SECOND,
    },
    logs: { level: values.LOG_LEVEL, format: values.LOG_FORMAT },
    tracing: isTracing(values),
    alertWebhookUrl: values.ALERT_WEBHOOK_URL,
    alertModule: values.ALERT_MODULE,
    staleAfterMs: values.STALE_AFTER_HOURS * 3_600_000,
    http: {
      host: values.HTTP_HOST,
      port: values.PORT ?? values.HTTP_PORT,
      adminToken: files.adminToken,
      publicHealth: values.HTTP_PUBLIC_HEALTH,
      publicMetrics: values.HTTP_PUBLIC_METRICS,
    },
    push:
      values.PUSH_ENABLED && values.PUSH_AUDIENCE !== undefined && values.PUSH_SERVICE_ACCOUNT !== undefined
        ? { audience: values.PUSH_AUDIENCE, serviceAccount: values.PUSH_SERVICE_ACCOUNT }
        : undefined,
    emulators: {
      pubsubHost: values.PUBSUB_EMULATOR_HOST,
      source,
      destination:
        emulator(
          values.DESTINATION_BIGQUERY_EMULATOR_HOST,
          values.DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST,
        ) ?? source,
    },
  };
}

/** Source: OpenTelemetry, "Environment Variable Specification". */
function isTracing(values: Values): boolean {
  if (values.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  if (values.OTEL_TRACES_EXPORTER !== undefined)
    return values.OTEL_TRACES_EXPORTER.split(',').some((exporter) => exporter.trim() === 'otlp');
  return (
    values.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined ||
    values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined
  );
}

function toDatabase(values: Values, { password, sslCa }: Files): DatabaseConfig {
  if (values.DB_HOST === undefined) return { kind: 'sqlite', path: values.SQLITE_PATH };
  return {
    kind: 'mysql',
    host: values.DB_HOST,
    port: values.DB_PORT,
    user: values.DB_USER ?? '',
    password,
    database: values.DB_NAME,
    ...(sslCa === undefined ? {} : { sslCa }),
    poolSize: values.DB_POOL_SIZE,
  };
}

function emulator(
  restHost: string | undefined,
  storageHost: string | undefined,
): BigQueryEmulator | undefined {
  return restHost === undefined || storageHost === undefined ? undefined : { restHost, storageHost };
}

function isJsonObject(text: string): boolean {
  try {
    return JSON.parse(text) instanceof Object;
  } catch {
    return false;
  }
}

/** A value from outside, safe and short enough to repeat in a message. */
function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value))
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
