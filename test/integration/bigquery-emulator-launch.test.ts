// Starting and ending the stand-in: several at once, an orderly end, a clear error, and none left without a parent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { STAND_IN_PYTHON, startBigQueryEmulator } from '../../dev/emulators/bigquery/start.ts';
import { eventually } from '../support/eventually.ts';
import { LOCATION, PROJECT } from './bigquery-emulator-client.ts';

const LAUNCHER = fileURLToPath(new URL('../../dev/emulators/bigquery/launch.py', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('several stand-ins start at once and end when asked to', async () => {
  const started = await Promise.all([
    startBigQueryEmulator({ project: 'first', location: 'EU' }),
    startBigQueryEmulator({ project: 'second', location: 'US' }),
  ]);
  assert.equal(new Set(started.flatMap(({ restHost, grpcHost }) => [restHost, grpcHost])).size, 4);
  await Promise.all(started.map((standIn) => standIn.stop()));
  assert.deepEqual(
    started.map(({ pid }) => isAlive(pid)),
    [false, false],
  );
});

test('a stand-in comes back at the address it had', async () => {
  const first = await startBigQueryEmulator({ project: PROJECT, location: LOCATION });
  await first.kill();
  const [restPort, grpcPort] = [first.restHost, first.grpcHost].map((host) => Number(host.split(':')[1]));
  const again = await startBigQueryEmulator({
    project: PROJECT,
    location: LOCATION,
    restPort: restPort!,
    grpcPort: grpcPort!,
  });
  try {
    assert.deepEqual([again.restHost, again.grpcHost], [first.restHost, first.grpcHost]);
  } finally {
    await again.stop();
  }
});

test('a start that fails says why', async () => {
  const impossible = startBigQueryEmulator({
    project: PROJECT,
    location: LOCATION,
    dataDir: '/dev/null/data',
  });
  await assert.rejects(impossible, /ended with code 1 before it was ready.*NotADirectoryError/s);
});

test('a stand-in ends when its parent is killed', async () => {
  const launch = `"${STAND_IN_PYTHON}" "${LAUNCHER}" --rest-port 0 --grpc-port 0 --project p --location EU --exit-with-parent`;
  const parent = spawn('sh', ['-c', `${launch} & echo "$!"; wait`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  parent.stdout.on('data', (text: Buffer) => (output += text.toString()));
  await eventually(() => output.includes('READY'), { describe: 'the stand-in to be ready' });
  const pid = Number.parseInt(output, 10);

  parent.kill('SIGKILL');
  await once(parent, 'exit');

  await eventually(() => !isAlive(pid), { describe: 'the stand-in to end', timeoutMs: 10_000 });
});
