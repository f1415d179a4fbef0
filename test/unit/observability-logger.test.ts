// The log: its shape, what it hides, and that it never ends the process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLogger, type Logger, type LoggerOptions } from '../../src/observability/logger.ts';

type Line = { message: string; metadata: Record<string, unknown> } & Record<string, unknown>;

function setup(options: Partial<LoggerOptions> = {}): {
  logger: Logger;
  text: () => string;
  lines: () => Line[];
} {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const text = (): string => Buffer.concat(chunks).toString();
  const now = (): Date => new Date('2026-01-31T12:00:00.123Z');
  const logger = createLogger({ level: 'info', format: 'json', stream, now, ...options });
  const lines = (): Line[] =>
    text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  return { logger, text, lines };
}

test('an entry has exactly the documented fields, in their order', () => {
  const { logger, text } = setup();
  logger.child({ organizationId: 'acme', jobId: 'j1' }).info('Job finished', {
    records_processed: 5,
    duration_seconds: 1.5,
  });
  assert.equal(
    text(),
    '{"timestamp":"2026-01-31T12:00:00.123Z","level":"info","severity":"INFO","service":"pulse-billing-etl",' +
      '"organization_id":"acme","job_id":"j1","message":"Job finished",' +
      '"metadata":{"records_processed":5,"duration_seconds":1.5}}\n',
  );
});

test('levels have the severities of Cloud Logging, and lower levels are left out', () => {
  const { logger, lines } = setup();
  logger.error('e');
  logger.warn('w');
  logger.info('i');
  logger.debug('d');
  assert.deepEqual(
    lines().map(({ severity }) => severity),
    ['ERROR', 'WARNING', 'INFO'],
  );
  assert.equal(logger.isEnabled('debug'), false);
});

test('trace fields are those Cloud Logging joins on', () => {
  const { logger, lines } = setup({ projectId: 'my-project' });
  logger.child({ trace: { traceId: 'abc123', spanId: '01', sampled: true } }).info('traced');
  const [line] = lines();
  assert.equal(line?.['logging.googleapis.com/trace'], 'projects/my-project/traces/abc123');
  assert.equal(line['logging.googleapis.com/spanId'], '01');
  assert.equal(line['logging.googleapis.com/trace_sampled'], true);
});

test('secrets are hidden by key and, wherever they appear, by value', () => {
  const { logger, text } = setup({ secrets: ['p@ss word', 'abc'] });
  logger.info('connecting with p@ss word', {
    password: 'x1',
    DB_PASSWORD: 'x2',
    admin_token: 'x3',
    authorization: 'x4',
    nested: [{ client_secret: 'x5' }],
    url: 'mysql://u:p%40ss%20word@h',
    exact: 'abc',
    innocent: 'abcdef',
    error: new Error('p@ss word was wrong', { cause: new Error('p@ss word') }),
  });
  assert.doesNotMatch(text(), /x[1-5]|p@ss|p%40ss/);
  assert.match(text(), /"exact":"\[redacted\]","innocent":"abcdef"/);
});

test('a key that merely resembles a secret is shown', () => {
  const { logger, text } = setup();
  logger.info('m', { passed: 1, tokens: 2, token_count: 3, compass: 4 });
  assert.match(text(), /"passed":1,"tokens":2,"token_count":3,"compass":4/);
});

test('an error shows name, message, reason and cause, and its stack at debug only', () => {
  const error = Object.assign(new TypeError('broken', { cause: new Error('root') }), { reason: 'unknown' });
  const info = setup();
  info.logger.info('failed', { error });
  assert.deepEqual(info.lines()[0]?.metadata['error'], {
    name: 'TypeError',
    message: 'broken',
    reason: 'unknown',
    cause: { name: 'Error', message: 'root' },
  });
  const debug = setup({ level: 'debug' });
  debug.logger.info('failed', { error });
  assert.match(JSON.stringify(debug.lines()[0]), /observability-logger\.test\.ts/);
});

test('whatever is logged, there is a line and no exception', () => {
  const { logger, lines } = setup();
  const cyclic: Record<string, unknown> = { big: 12n, huge: 2n ** 80n, bytes: new Uint8Array(3), nan: NaN };
  cyclic['self'] = cyclic;
  logger.info('odd', cyclic);
  logger.info('getter', {
    get bad(): string {
      throw new RangeError('no');
    },
  });
  logger.info('long', { list: Array.from({ length: 1000 }, (_, index) => index), text: 'x'.repeat(100_000) });
  assert.deepEqual(lines()[0]?.metadata, {
    big: 12,
    huge: (2n ** 80n).toString(),
    bytes: '[3 bytes]',
    nan: 'NaN',
    self: '[circular]',
  });
  assert.deepEqual(lines()[1]?.metadata, { value: '[not loggable: RangeError]' });
  assert.ok(JSON.stringify(lines()[2]).length < 12_000);
});

test('no text can start a line, steer the terminal or turn the reading direction', () => {
  const nasty = 'a\nb\r\u001b[2J\u0085\u2028\u202e\u007f';
  for (const format of ['json', 'pretty'] as const) {
    const { logger, text } = setup({ format });
    logger.child({ organizationId: nasty }).info(nasty, { nasty });
    assert.equal(text().split('\n').length, 2, format);
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    assert.doesNotMatch(text().slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/, format);
  }
  const { logger, lines } = setup();
  logger.info(nasty);
  assert.equal(lines()[0]?.message, nasty, 'a reader of the JSON gets the text back');
});

test('pretty lines have colours only when asked', () => {
  const plain = setup({ format: 'pretty' });
  plain.logger.child({ organizationId: 'acme', jobId: 'j1' }).warn('Slow', { rows: 5, why: 'two words' });
  assert.equal(plain.text(), '12:00:00.123 WARN  acme/j1 Slow rows=5 why="two words"\n');
  const coloured = setup({ format: 'pretty', colours: true });
  coloured.logger.info('m');
  assert.ok(coloured.text().includes('\u001b[32m'));
});

test('a reader that goes away does not end the process', async () => {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('../../src/observability/logger.ts', import.meta.url).href)};
    const logger = createLogger({ level: 'info', format: 'json', stream: process.stdout });
    logger.info('first');
    process.stdin.once('data', () => {
      for (let line = 0; line < 1000; line += 1) logger.info('x'.repeat(1000));
      setImmediate(() => process.exit(7));
    });
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
  child.stdout.once('data', () => {
    child.stdout.once('close', () => child.stdin.write('go\n'));
    child.stdout.destroy();
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 7, stderr);
});
