// The watch over the event loop, in real processes: it ends one that is blocked, and none that was merely stopped for a while.
import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const LOOK_MS = 300;
const PROGRAM = fileURLToPath(new URL('./process-watch-program.ts', import.meta.url));

function start(...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, ['--import', 'tsx', PROGRAM, String(LOOK_MS), ...args], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function aWatchedProcess(context: TestContext) {
  const child = start();
  context.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as string | number);
  const turn = (): Promise<unknown> => Promise.race([once(child.stdout, 'data'), ended]);
  await turn();
  return { child, ended, turn, errors: () => errors };
}

test('a process whose event loop is blocked is ended with a word; one that was stopped for longer lives on', async (context) => {
  const stopped = await aWatchedProcess(context);
  const blocked = await aWatchedProcess(context);
  stopped.child.kill('SIGSTOP');
  blocked.child.kill('SIGUSR2');
  assert.equal(await blocked.ended, 'SIGKILL');
  assert.equal(
    blocked.errors(),
    'error: the event loop has been blocked for 3 s; this process ends itself\n',
  );

  stopped.child.kill('SIGCONT');
  for (let turns = 0; turns < 12; turns += 1) await stopped.turn();
  assert.deepEqual([stopped.child.exitCode, stopped.child.signalCode, stopped.errors()], [null, null, '']);
});

test('a watch that is stopped keeps no process from ending', async (context) => {
  const child = start('stop');
  context.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a process with a run that is stuck says so and drains, once', async (context) => {
  const child = start('stuck');
  context.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.match(output, /^a run of job acme\/job has not moved .*; this process ends itself\ndrain\n$/);
});
