// npm run image:stages: builds the image's stages in a plain folder, starts the result as its user, says size and start-up time.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SKIPPED } from '../check/skip.mjs';
import { useOrStartPubSubEmulator } from '../emulators/pubsub/start.ts';
import { freePort } from '../emulators/free-port.ts';
import { whyNoPubSubEmulator } from '../setup/find-pubsub-emulator.mjs';
import { buildStages, type BuiltStage } from './build-stages.ts';
import { parseDockerfile } from './parse-dockerfile.ts';
import { makeReadOnly } from './read-only-tree.ts';
import { runInImage, startUntilReady, type Start } from './start-image.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
/** The best of these counts: the first one reads everything from the disk, and the machine may be busy. */
const STARTS = 3;
/** The aim on an idle machine is 2 s; this only catches what is plainly wrong on one that has other work to do. */
const MOST_READY_MS = 8_000;
/** Of all that the Dockerfile adds to its base image. */
const MOST_BYTES = 160e6;

if (process.getuid?.() !== 0) {
  process.stdout.write('needs root, to become the user of the image: nothing was tried\n');
  process.exitCode = SKIPPED;
} else if (whyNoPubSubEmulator() !== undefined) {
  process.stdout.write(`${whyNoPubSubEmulator() ?? ''}\n`);
  process.exitCode = SKIPPED;
} else {
  process.exitCode = (await tryImage()).length === 0 ? 0 : 1;
}

async function tryImage(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pulse-billing-etl-image-'));
  // The image's user must reach what is inside.
  chmodSync(folder, 0o755);
  try {
    const stages = parseDockerfile(readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8'));
    const image = await buildStages(stages, CHECKOUT, folder, (name, { seconds }) => {
      say(`stage ${name}: ${seconds.toFixed(1)} s`);
    });
    const bytes = makeReadOnly(image.workdir);
    say(`size beyond the base image: ${(bytes / 1e6).toFixed(1)} MB`);
    const starts = await startOften(image, volume(folder, image));
    const problems = problemsOf(image, bytes, starts);
    for (const problem of problems) say(`✖ ${problem}`);
    return problems;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startOften(image: BuiltStage, data: string): Promise<Start[]> {
  const pubSub = await useOrStartPubSubEmulator();
  const nobody = `127.0.0.1:${await freePort()}`;
  const env = {
    SQLITE_PATH: join(data, 'state.sqlite'),
    PROJECT_ID: 'image-stages',
    PUBSUB_EMULATOR_HOST: pubSub.host,
    // Nobody asks BigQuery before there is a job.
    BIGQUERY_EMULATOR_HOST: nobody,
    BIGQUERY_STORAGE_EMULATOR_HOST: nobody,
  };
  try {
    await runInImage(image, env, 'migrate');
    await runInImage(image, env, 'provision');
    const starts: Start[] = [];
    while (starts.length < STARTS) starts.push(await startUntilReady(image, env));
    say(
      `ready after ${starts.map(({ readyMs }) => `${readyMs.toFixed(0)} ms`).join(', ')}, as ${image.user}`,
    );
    return starts;
  } finally {
    await pubSub.stop();
  }
}

/** The one place its user may write to, as a volume would be. */
function volume(folder: string, { user }: BuiltStage): string {
  const data = join(folder, 'volume');
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  mkdirSync(data);
  chownSync(data, uid, gid);
  return data;
}

function problemsOf({ labels }: BuiltStage, bytes: number, starts: readonly Start[]): string[] {
  const best = Math.min(...starts.map(({ readyMs }) => readyMs));
  const codes = starts.map(({ exitCode }) => exitCode);
  return [
    best > MOST_READY_MS ? `it takes ${best.toFixed(0)} ms to be ready, more than ${MOST_READY_MS}` : '',
    bytes > MOST_BYTES ? `it is larger than ${MOST_BYTES / 1e6} MB` : '',
    codes.some((code) => code !== 0) ? `asked to stop it ended with exit codes ${codes.join(', ')}` : '',
    labels['org.opencontainers.image.title'] === undefined
      ? 'it has no label org.opencontainers.image.title'
      : '',
  ].filter((problem) => problem !== '');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
