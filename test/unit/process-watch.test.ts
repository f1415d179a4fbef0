// The watch over the event loop, in real processes: it ends one that is blocked, and none that was merely stopped for a while.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const LOOK_MS = 300;
/** Says "turn" at each look; SIGUSR2 blocks its event loop for ever. */
const WATCHED = `
import { watchEventLoop } from './src/app/process-watch.ts';
process.on('SIGUSR2', () => { for (;;); });
setInterval(() => undefined, 1_000_000);
watchEventLoop(${LOOK_MS}, () => process.stdout.write('turn\\n'));
`;

async function aWatchedProcess(context: TestContext) {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', WATCHED], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  const script = `
    import { watchEventLoop } from './src/app/process-watch.ts';
    watchEventLoop(${LOOK_MS}, () => undefined).stop();
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    cwd: REPOSITORY,
    stdio: 'ignore',
  });
  context.after(() => child.kill('SIGKILL'));
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
