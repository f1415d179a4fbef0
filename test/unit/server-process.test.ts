// Servers started for tests and demo: they end with whoever started them, and a failed start says why.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServerProcess } from '../../dev/emulators/server-process.ts';
import { eventually } from '../support/eventually.ts';

const answers = async (): Promise<boolean> => Promise.resolve(true);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a server is gone after its starter was killed with SIGKILL', async () => {
  const serverProcess = join(import.meta.dirname, '../../dev/emulators/server-process.ts');
  const script = `
    import { startServerProcess } from ${JSON.stringify(serverProcess)};
    const server = await startServerProcess({ name: 'a sleeper', command: 'sleep', args: ['600'], answers: async () => true });
    console.log(server.pid);
    setInterval(() => undefined, 1000);`;
  const starter = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
  const [firstLine] = (await once(starter.stdout, 'data')) as [Buffer];
  const pid = Number(firstLine.toString());
  assert.ok(isRunning(pid));
  starter.kill('SIGKILL');
  await eventually(() => !isRunning(pid), { timeoutMs: 5_000, describe: `process ${pid} to end` });
});

test('stop ends a server in good order, kill ends it at once', async () => {
  const stopped = await startServerProcess({ name: 'a sleeper', command: 'sleep', args: ['600'], answers });
  await stopped.stop();
  assert.ok(!isRunning(stopped.pid));

  // It ignores SIGTERM, as a server busy shutting down does.
  const stubborn = ['-c', 'trap "" TERM; while true; do sleep 600; done'];
  const killed = await startServerProcess({ name: 'a stubborn one', command: 'sh', args: stubborn, answers });
  await killed.kill();
  assert.ok(!isRunning(killed.pid));
});

test('a server that ends while starting is reported with what it printed', async () => {
  const start = startServerProcess({
    name: 'the short-lived',
    command: 'sh',
    args: ['-c', 'echo no such option >&2; exit 3'],
    answers: async () => Promise.resolve(false),
  });
  await assert.rejects(start, /the short-lived ended at once with exit code 3.*no such option/s);
});

test('a program that is not there is reported by name', async () => {
  const start = startServerProcess({ name: 'the missing', command: '/no/such/program', args: [], answers });
  await assert.rejects(start, /the missing could not be started: .*ENOENT/);
});
