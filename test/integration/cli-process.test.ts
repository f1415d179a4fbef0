// The program as a process: exit codes, a reader that goes away, a database made and used across calls.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = ['--import', 'tsx', 'src/main.ts'];
const { version: VERSION } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  version: string;
};

type Ended = { code: number | string | null | undefined; stdout: string; stderr: string };

async function setup(
  context: TestContext,
): Promise<{ call: (...argv: string[]) => Promise<Ended>; env: NodeJS.ProcessEnv }> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-process-'));
  context.after(() => rm(folder, { recursive: true }));
  const env = { PATH: process.env['PATH'], HOME: folder, SQLITE_PATH: join(folder, 'deep', 'state.sqlite') };
  const call = (...argv: string[]): Promise<Ended> => ended(process.execPath, [...MAIN, ...argv], env);
  return { call, env };
}

function ended(file: string, argv: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, argv, { cwd: REPOSITORY, ...(env && { env }) }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    );
  });
}

test('a database is migrated by one process and used by the next', async (context) => {
  const { call } = await setup(context);
  const early = await call('status');
  assert.deepEqual([early.code, early.stdout], [1, '']);
  assert.match(
    early.stderr,
    /^error: the database .*state\.sqlite lacks .* run pulse-billing-etl migrate\n$/,
  );
  assert.equal((await call('migrate')).code, 0);
  const status = await call('status', '--json');
  assert.deepEqual(status, { code: 0, stdout: '[]\n', stderr: '' });
  const missing = await call('org', 'show', 'acme');
  assert.equal(missing.code, 3);
  const usage = await call('status', '--limit', 'many');
  assert.equal(usage.code, 2);
  const unset = await call('provision');
  assert.deepEqual(
    [unset.code, unset.stderr],
    [2, 'error: PROJECT_ID is not set: it names the project of the Pub/Sub topics and subscriptions\n'],
  );
});

test('hints of libraries to their programmers are shown at LOG_LEVEL=debug only', async (context) => {
  const { call, env } = await setup(context);
  const hint = `process.once('beforeExit', () => process.emitWarning('a hint'))`;
  env['NODE_OPTIONS'] = `--import data:text/javascript,${encodeURIComponent(hint)}`;
  assert.deepEqual(await call('--version'), { code: 0, stdout: `${VERSION}\n`, stderr: '' });
  env['LOG_LEVEL'] = 'debug';
  assert.match((await call('--version')).stderr, /^warning: Warning: a hint\n/);
});

test('the command of the package runs the built program with all its arguments, or says how to build it', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'cli-command-'));
  context.after(() => rm(folder, { recursive: true }));
  await cp(join(REPOSITORY, 'bin'), join(folder, 'bin'), { recursive: true });
  const call = (): Promise<Ended> =>
    ended(join(folder, 'bin', 'pulse-billing-etl.mjs'), ['status', '--json']);
  assert.deepEqual(await call(), {
    code: 1,
    stdout: '',
    stderr: 'error: the program is not built yet: run npm run build\n',
  });
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist', 'main.js'), 'console.log(...process.argv.slice(2))');
  assert.deepEqual(await call(), { code: 0, stdout: 'status --json\n', stderr: '' });
});

test('a reader that goes away is no crash', async (context) => {
  const { env } = await setup(context);
  const child = spawn(process.execPath, [...MAIN, '--help'], { cwd: REPOSITORY, env });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.deepEqual([code, stderr], [0, '']);
});
