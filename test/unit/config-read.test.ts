// Reading the environment: defaults, every problem at once, secrets never shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf, type Config } from '../../src/config/config.ts';
import { readConfig, type Environment } from '../../src/config/read-config.ts';
import { VARIABLE_NAMES, variable } from '../../src/config/variables.ts';

const noFiles = (path: string): string => {
  throw new Error(`ENOENT: no such file, open '${path}'`);
};

function config(env: Environment, readFile = noFiles): Config {
  const read = readConfig(env, readFile);
  if (read.kind === 'invalid') assert.fail(read.problems.join('\n'));
  return read.config;
}

function problems(env: Environment, readFile = noFiles): readonly string[] {
  const read = readConfig(env, readFile);
  return read.kind === 'invalid' ? read.problems : [];
}

function warnings(env: Environment): readonly string[] {
  return readConfig(env, noFiles).warnings;
}

test('an empty environment is the documented defaults', () => {
  const defaults = config({});
  assert.deepEqual(defaults.database, { kind: 'sqlite', path: './data/pulse-billing-etl.sqlite' });
  assert.deepEqual(defaults.pubsub, {
    topic: 'pulse-billing-etl',
    subscription: 'pulse-billing-etl',
    deadLetterTopic: 'pulse-billing-etl-dead',
    deadLetterSubscription: 'pulse-billing-etl-dead',
  });
  assert.deepEqual(defaults.jobs, {
    batchSize: 50_000,
    maxRetries: 3,
    retryDelayMs: 5_000,
    maxConcurrentJobs: 4,
    parkedLimit: 100,
    readStreams: 2,
    memoryBudgetBytes: 128 * 1024 * 1024,
    leaseMs: 60_000,
    drainTimeoutMs: 25_000,
    noProgressTimeoutMs: 25_200_000,
    transformsDir: './transforms',
    sourcesDir: './sources',
    stagingDataset: undefined,
    writeStreamsPerHour: 7_200,
    bigQueryJobsPerSecond: 80,
  });
  assert.deepEqual(defaults.logs, { level: 'info', format: 'json' });
  assert.equal(defaults.http.host, '127.0.0.1');
  assert.equal(defaults.http.port, 8080);
  assert.equal(defaults.retentionDays, 90);
  assert.equal(defaults.push, undefined);
});

test('a run may stand still for longer than the six hours BigQuery gives a query', () => {
  assert.ok(config({}).jobs.noProgressTimeoutMs > 6 * 3_600_000);
});

test('every default is a value its own variable accepts', () => {
  for (const name of VARIABLE_NAMES) {
    const row = variable(name);
    if (row.default !== undefined) assert.ok('value' in row.kind.parse(row.default), name);
  }
});

test('the configuration is frozen all the way down', () => {
  const frozen = config({});
  assert.throws(() => Object.assign(frozen.jobs, { batchSize: 1 }), TypeError);
  assert.throws(() => Object.assign(frozen, { retentionDays: 1 }), TypeError);
});

test('an empty variable counts as not set', () => {
  assert.deepEqual(config({ DB_HOST: '', BATCH_SIZE: '', PORT: '' }), config({}));
});

test('DB_HOST means MySQL, with its password from a file without the line end', () => {
  const { database } = config(
    { DB_HOST: 'db', DB_USER: 'etl', DB_PASSWORD_FILE: '/run/secrets/db', DB_SSL_CA: '/ca.pem' },
    (path) => (path === '/ca.pem' ? 'PEM\n' : 's3cret pass\r\n'),
  );
  assert.deepEqual(database, {
    kind: 'mysql',
    host: 'db',
    port: 3306,
    user: 'etl',
    password: 's3cret pass',
    database: 'pulse_billing_etl',
    sslCa: 'PEM',
    poolSize: 10,
  });
});

test('a key file that is not there or is none is told at the start, and not by the first query', () => {
  const env = { SERVICE_ACCOUNT_FILE: '/key.json' };
  const missing = (): string => {
    throw new Error('ENOENT');
  };
  assert.match(
    problems(env, missing)[0] ?? '',
    /^SERVICE_ACCOUNT_FILE is "\/key\.json": the file cannot be read/,
  );
  for (const text of ['-----BEGIN PRIVATE KEY-----', '7', '{'])
    assert.deepEqual(
      problems(env, () => text),
      ['SERVICE_ACCOUNT_FILE is "/key.json": the file is no JSON key of a service account'],
    );
  assert.equal(config(env, () => '{"type": "service_account"}').serviceAccountFile, '/key.json');
});

test('PORT wins over HTTP_PORT', () => {
  assert.equal(config({ HTTP_PORT: '9000' }).http.port, 9000);
  assert.equal(config({ HTTP_PORT: '9000', PORT: '9001' }).http.port, 9001);
});

test('the destination emulator is the source emulator unless it is named', () => {
  const source = {
    BIGQUERY_EMULATOR_HOST: 'http://localhost:9050',
    BIGQUERY_STORAGE_EMULATOR_HOST: 'localhost:9060',
  };
  assert.deepEqual(config(source).emulators.destination, {
    restHost: 'localhost:9050',
    storageHost: 'localhost:9060',
  });
  const both = config({
    ...source,
    DESTINATION_BIGQUERY_EMULATOR_HOST: '[::1]:1',
    DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: 'other:2',
  });
  assert.deepEqual(both.emulators.source, { restHost: 'localhost:9050', storageHost: 'localhost:9060' });
  assert.deepEqual(both.emulators.destination, { restHost: '[::1]:1', storageHost: 'other:2' });
});

test('half an emulator is refused: the other half of the data would go to Google Cloud', () => {
  assert.match(
    problems({ BIGQUERY_EMULATOR_HOST: 'a:1' })[0] ?? '',
    /^BIGQUERY_STORAGE_EMULATOR_HOST is not set/,
  );
  assert.match(
    problems({ DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: 'a:1' })[0] ?? '',
    /^DESTINATION_BIGQUERY_EMULATOR_HOST is not set/,
  );
});

test('all problems are reported together, each with the value and the mend', () => {
  const found = problems({
    BATCH_SIZE: '0',
    LEASE_SECONDS: '9',
    DRAIN_TIMEOUT: '0.5',
    READ_STREAMS: '0',
    MAX_RETRIES: '-1',
    LOG_LEVEL: 'loud',
    TOPIC: 'projects/p/topics/t',
    DB_HOST: 'db',
  });
  assert.deepEqual(
    found.map((problem) => problem.split(' ')[0]),
    [
      'BATCH_SIZE',
      'TOPIC',
      'MAX_RETRIES',
      'READ_STREAMS',
      'LEASE_SECONDS',
      'DRAIN_TIMEOUT',
      'LOG_LEVEL',
      'DB_USER',
    ].sort((a, b) => found.findIndex((p) => p.startsWith(a)) - found.findIndex((p) => p.startsWith(b))),
  );
  assert.ok(found.includes('LEASE_SECONDS is "9": use 10 to 600 seconds'), found.join('\n'));
  assert.ok(found.includes('LOG_LEVEL is "loud": use one of error | warn | info | debug'), found.join('\n'));
  assert.equal(found.length, 8);
});

test('the value of a secret is in no problem', () => {
  const env = { ADMIN_TOKEN: 'my secret token', ALERT_WEBHOOK_URL: 'hooks.example/T0/SECRET', DB_HOST: 'db' };
  const text = JSON.stringify(readConfig({ ...env, DB_PASSWORD: 'SECRET' }, noFiles));
  assert.match(text, /ADMIN_TOKEN is set to a value that is not allowed/);
  assert.match(text, /ALERT_WEBHOOK_URL is set to/);
  assert.doesNotMatch(text, /SECRET|my secret token/);
});

test('the secrets of a configuration can be handed to the logger', () => {
  const whole = config({
    DB_HOST: 'db',
    DB_USER: 'u',
    DB_PASSWORD: 'pw',
    ADMIN_TOKEN: 'a-long-enough-token',
    ALERT_WEBHOOK_URL: 'https://hooks.example/x',
  });
  assert.deepEqual(secretsOf(whole), ['pw', 'a-long-enough-token', 'https://hooks.example/x']);
  assert.deepEqual(secretsOf(config({})), []);
});

test('a file that cannot be read or is empty is a problem', () => {
  assert.match(problems({ ADMIN_TOKEN_FILE: '/none' })[0] ?? '', /^ADMIN_TOKEN_FILE is "\/none".*ENOENT/);
  assert.match(problems({ ADMIN_TOKEN_FILE: '/empty' }, () => '\n')[0] ?? '', /the file is empty/);
  assert.match(
    problems({ ADMIN_TOKEN: 'x'.repeat(20), ADMIN_TOKEN_FILE: '/f' }, () => 'y')[0] ?? '',
    /^ADMIN_TOKEN and ADMIN_TOKEN_FILE are both set/,
  );
});

test('push needs an audience and a service account', () => {
  assert.equal(problems({ PUSH_ENABLED: 'true' }).length, 2);
  const push = {
    PUSH_ENABLED: '1',
    PUSH_AUDIENCE: 'https://me',
    PUSH_SERVICE_ACCOUNT: 'push@p.iam.gserviceaccount.com',
  };
  assert.deepEqual(config(push).push, {
    audience: 'https://me',
    serviceAccount: 'push@p.iam.gserviceaccount.com',
  });
});

test('an address others can reach needs a token, or a switch for each route that is served', () => {
  for (const HTTP_HOST of ['0.0.0.0', '::', '10.1.2.3', 'example.com'])
    assert.match(problems({ HTTP_HOST })[0] ?? '', /^HTTP_HOST is ".*set ADMIN_TOKEN/, HTTP_HOST);
  for (const HTTP_HOST of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    assert.deepEqual(problems({ HTTP_HOST }), [], HTTP_HOST);
  assert.deepEqual(problems({ HTTP_HOST: '0.0.0.0', ADMIN_TOKEN: 'x'.repeat(32) }), []);
  assert.deepEqual(problems({ HTTP_HOST: '0.0.0.0', HTTP_PUBLIC_HEALTH: 'true' }), []);
  assert.deepEqual(problems({ HTTP_HOST: '0.0.0.0', HTTP_PUBLIC_METRICS: 'true' }), []);
});

test('a misspelt variable is pointed out, an unrelated one is not', () => {
  assert.match(warnings({ MAX_RETRYS: '4' })[0] ?? '', /did you mean MAX_RETRIES\?/);
  assert.match(warnings({ SUBSCRIPTIONS: 's' })[0] ?? '', /did you mean SUBSCRIPTION\?/);
  assert.match(warnings({ db_host: 's' })[0] ?? '', /did you mean DB_HOST\?/);
  const innocent = {
    PATH: '/bin',
    HOME: '/',
    OTEL_SERVICE_NAME: 'x',
    HOST: 'a',
    PORTS: '1',
    NODE_ENV: 'test',
  };
  assert.deepEqual(warnings(innocent), []);
  assert.deepEqual(warnings({ DB_PASS: 'x', DB_USERS: 'x', DB_USER: 'y', DB_HOST: 'z' }), []);
});

test('settings that have no effect are pointed out', () => {
  assert.match(
    warnings({ DB_USER: 'u', DB_NAME: 'n' })[0] ?? '',
    /^DB_USER, DB_NAME ignored because DB_HOST/,
  );
  assert.match(
    warnings({ DB_HOST: 'h', DB_USER: 'u', SQLITE_PATH: 'p' })[0] ?? '',
    /^SQLITE_PATH is ignored/,
  );
  assert.match(warnings({ ADMIN_TOKEN: 'short' })[0] ?? '', /^ADMIN_TOKEN is shorter/);
});

test('a link that Kubernetes sets for a Service called db is named as what it is', () => {
  const found = problems({ DB_HOST: 'db', DB_USER: 'u', DB_PORT: 'tcp://10.0.0.1:3306' });
  assert.match(found[0] ?? '', /enableServiceLinks: false/);
});
