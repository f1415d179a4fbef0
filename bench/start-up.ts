// How long a worker takes from its start until it is ready, as built in dist/, on SQLite and the Pub/Sub emulator, each way in turn.
//
//   npm run build && npm run bench -- start-up [rounds]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../dev/emulators/free-port.ts';
import { useOrStartPubSubEmulator } from '../dev/emulators/pubsub/start.ts';
import { cpuSecondsOf, measured } from './measured-process.ts';

const PROGRAM = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const NODE_OPTIONS = ['--max-semi-space-size=4'];
const PATIENCE_MS = 60_000;

type Start = { readonly listeningMs: number; readonly readyMs: number; readonly cpuMs: number };

const rounds = Number(process.argv[2] ?? '5');
const folder = mkdtempSync(join(tmpdir(), 'pulse-billing-etl-start-up-'));
const pubSub = await useOrStartPubSubEmulator();
try {
  const nobody = `127.0.0.1:${await freePort()}`;
  const env = {
    SQLITE_PATH: join(folder, 'state.sqlite'),
    PROJECT_ID: 'start-up',
    PUBSUB_EMULATOR_HOST: pubSub.host,
    BIGQUERY_EMULATOR_HOST: nobody,
    BIGQUERY_STORAGE_EMULATOR_HOST: nobody,
  };
  for (const command of ['migrate', 'provision']) await measured([PROGRAM, command], env);
  const cached = { ...env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
  // Fills the cache, and reads everything from the disk once.
  await startUntilReady(cached);
  const plain: Start[] = [];
  const withCache: Start[] = [];
  for (let round = 0; round < rounds; round += 1) {
    plain.push(await startUntilReady(env));
    withCache.push(await startUntilReady(cached));
  }
  report('without a compile cache', plain);
  report('with the compile cache of the image', withCache);
} finally {
  await pubSub.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function startUntilReady(variables: Readonly<Record<string, string>>): Promise<Start> {
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...NODE_OPTIONS, PROGRAM, 'worker'], {
    env: { ...process.env, ...variables, HTTP_PORT: String(port) },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const sinceStart = (): number => performance.now() - startedMs;
  let listeningMs: number | undefined;
  for (let status: number | undefined; status !== 200;) {
    if (child.exitCode !== null || sinceStart() > PATIENCE_MS) throw new Error('the worker was never ready');
    await delay(5);
    status = (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.status;
    if (status !== undefined) listeningMs ??= sinceStart();
  }
  const start = {
    listeningMs: listeningMs ?? NaN,
    readyMs: sinceStart(),
    cpuMs: 1_000 * cpuSecondsOf(child.pid),
  };
  child.kill('SIGTERM');
  await ended;
  return start;
}

/** The best counts: whatever else the machine does only adds to it. */
function report(how: string, starts: readonly Start[]): void {
  const best = (value: (start: Start) => number): string => Math.min(...starts.map(value)).toFixed(0);
  console.log(
    `${how}: answers after ${best((start) => start.listeningMs)} ms, ready after ${best((start) => start.readyMs)} ms, ` +
      `${best((start) => start.cpuMs)} ms of CPU (best of ${starts.length})`,
  );
}
