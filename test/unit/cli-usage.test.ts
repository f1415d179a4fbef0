// What the command line is as a whole: version, wrong usage, wrong configuration, how errors are told; each command by itself is asked in test/integration/cli-every-command.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../src/job/errors.ts';
import { cliOn } from '../support/cli-call.ts';

test('the version is printed, even where the configuration is wrong', async () => {
  const { code, stdout } = await cliOn({ env: { BATCH_SIZE: 'x' } }).call('--version');
  assert.deepEqual([code, stdout], [0, '1.2.3\n']);
});

test('a wrong command or option is exit code 2, with a suggestion, on stderr only', async () => {
  for (const [argv, suggestion] of [
    [['stauts'], '(Did you mean status?)'],
    [['status', '--limt', '3'], '(Did you mean --limit?)'],
    [['org', 'lst'], '(Did you mean list?)'],
  ] as const) {
    const { code, stdout, stderr } = await cliOn().call(...argv);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(suggestion), stderr);
  }
});

test('no command at all shows the help and is wrong usage', async () => {
  const { code, stdout, stderr } = await cliOn().call();
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Usage: pulse-billing-etl/);
});

test('a missing argument, and a value that is not allowed, are exit code 2', async () => {
  for (const argv of [
    ['show', 'acme'],
    ['enqueue'],
    ['enqueue', 'acme', '--type', 'magic'],
    ['enqueue', 'acme', '--from', '2026-01-01'],
    ['enqueue', 'acme', '--type', 'backfill'],
    ['enqueue', 'acme', '--type', 'backfill', '--from', '2026-01-01'],
    ['enqueue', 'acme', '--type', 'backfill', '--from', '2026-02-01', '--to', '2026-01-01'],
    ['enqueue', 'acme', '--type', 'backfill', '--from', 'yesterday', '--to', '2026-01-01'],
    ['enqueue', 'a b'],
    ['run', 'acme', '--job-id', 'a/b'],
    ['status', '--status', 'DONE'],
    ['status', '--limit', '0'],
    ['org', 'set', 'acme', '--source', 'no-table'],
    ['org', 'set', 'acme', '--since', '2026-01-01', '--keep-watermark'],
    ['org', 'set', 'acme', '--settle-minutes', '-1'],
    ['org', 'set', 'acme', '--clustering-fields', 'a,b,c,d,e'],
    ['org', 'set', 'acme', '--max-bytes-billed', '1e12'],
    ['org', 'set', 'acme', '--max-rejected-percent', '101'],
    ['org', 'set', 'acme', '--quarantine-table', 'no-table'],
    ['org', 'set', 'a b', '--settle-minutes', '1'],
    ['doctor', '--timeout', '0'],
    ['dlq', 'list', '--reason', 'not_jason'],
    ['dlq', 'list', '--since', 'yesterday'],
    ['dlq', 'show', 'x'],
    ['dlq', 'replay', '--rate', '0'],
    ['dlq', 'replay', '3', '--org', 'acme'],
    ['dlq', 'purge'],
    ['dlq', 'purge', '--org', 'acme'],
  ]) {
    const { code, stdout, stderr } = await cliOn().call(...argv);
    assert.equal(code, 2, `${argv.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^error: /);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
});

test('a wrong configuration is told whole, with exit code 2 and no secret', async () => {
  const env = { BATCH_SIZE: '0', DB_HOST: 'db', ADMIN_TOKEN: 'has spaces' };
  const { code, stderr } = await cliOn({ env }).call('org', 'list');
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^error: the configuration has 3 problems:\n {2}BATCH_SIZE is "0".*\n.*ADMIN_TOKEN.*\n.*DB_USER/,
  );
  assert.doesNotMatch(stderr, /has spaces/);
});

test('a misspelt variable is a warning on stderr; the command runs', async () => {
  const app = { provision: async () => ({ resources: [], gcloud: [] }) };
  const cli = cliOn({ app, env: { BATCH_SIZES: '5' } });
  const { code, stderr } = await cli.call('provision', '--json');
  assert.equal(code, 0);
  assert.match(stderr, /WARN .*did you mean BATCH_SIZE\?/);
});

test('an error is one harmless line without a stack, secrets redacted, and the program is closed', async () => {
  const env = { DB_HOST: 'db', DB_USER: 'u', DB_PASSWORD: 'hunter2-secret' };
  const openState = (): Promise<never> =>
    Promise.reject(new TransientError('database_unavailable', 'no answer to hunter2-secret\u001b[2J'));
  const cli = cliOn({ app: { openState }, env });
  const { code, stdout, stderr } = await cli.call('org', 'list', '--json');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal(stderr, 'error: no answer to [redacted]\\u001b[2J\n');
  assert.equal(cli.closed(), 1);
  const debug = await cliOn({ app: { openState }, env: { ...env, LOG_LEVEL: 'debug' } }).call('org', 'list');
  assert.match(debug.stderr, /TransientError: no answer[\s\S]*\n {4}at /);
  assert.doesNotMatch(debug.stderr, /hunter2/);
});

test('colours are for terminals whose user did not refuse them', async () => {
  // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
  const colours = /\u001b\[/;
  assert.match((await cliOn({ tty: true }).call('nonsense')).stderr, colours);
  assert.doesNotMatch((await cliOn({ tty: true, env: { NO_COLOR: '1' } }).call('nonsense')).stderr, colours);
  assert.doesNotMatch((await cliOn({ tty: false }).call('nonsense')).stderr, colours);
  assert.doesNotMatch((await cliOn({ tty: true, env: { TERM: 'dumb' } }).call('nonsense')).stderr, colours);
  const forced = { NO_COLOR: '1', FORCE_COLOR: '1' };
  assert.match((await cliOn({ tty: false, env: forced }).call('nonsense')).stderr, colours);
  assert.doesNotMatch(
    (await cliOn({ tty: true, env: { FORCE_COLOR: '0' } }).call('nonsense')).stderr,
    colours,
  );
});

test('the worker logs to stdout as configured, and its exit code is that of the daemon', async () => {
  for (const [daemon, code] of [
    [0, 0],
    [1, 1],
    [70, 1],
  ] as const) {
    const cli = cliOn({ app: { runWorker: async () => daemon }, env: { BATCH_SIZES: '5' } });
    const result = await cli.call('worker');
    assert.equal(result.code, code);
    assert.equal((JSON.parse(result.stdout) as { severity: string }).severity, 'WARNING');
    assert.equal(result.stderr, '');
    assert.equal(cli.closed(), 1);
  }
});

test('provision prints what it created or found, and the gcloud commands', async () => {
  const resources = [
    { kind: 'topic', name: 'projects/p/topics/t', state: 'created' },
    { kind: 'subscription', name: 'projects/p/subscriptions/s', state: 'exists' },
  ] as const;
  const cli = cliOn({
    app: { provision: async () => ({ resources, gcloud: ['gcloud pubsub topics create t'] }) },
  });
  assert.deepEqual(await cli.json('provision', '--json'), resources);
  const { stdout } = await cli.call('provision');
  assert.match(stdout, /topic +projects\/p\/topics\/t +created\n/);
  assert.match(stdout, /\ngcloud pubsub topics create t\n/);
});
