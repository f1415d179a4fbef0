// Starts what the stages built as the image would be: its command, its variables, its user, a read-only tree.
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../emulators/free-port.ts';
import { killGroupWhenWeDie } from '../emulators/parent-death.ts';
import type { BuiltStage } from './build-stages.ts';

/** How one start went. */
export type Start = { readonly readyMs: number; readonly exitCode: number | null };

const PATIENCE_MS = 30_000;

/** Runs another command of the program to its end; rejects with its output when it fails. */
export async function runInImage(
  image: BuiltStage,
  env: Record<string, string>,
  command: string,
): Promise<void> {
  const program = start(image, env, [command]);
  const code = await program.ended;
  if (code !== 0) throw new Error(`${command} ended with exit code ${code}\n${program.output()}`);
}

/** Starts the image's own command, waits until /readyz says yes, and asks it to stop. */
export async function startUntilReady(image: BuiltStage, env: Record<string, string>): Promise<Start> {
  const port = await freePort();
  const startedMs = performance.now();
  const worker = start(image, { ...env, HTTP_PORT: String(port) }, undefined);
  while (!(await isReady(port))) {
    if (worker.child.exitCode !== null || performance.now() - startedMs > PATIENCE_MS) {
      worker.child.kill('SIGKILL');
      throw new Error(`the worker was not ready within ${PATIENCE_MS / 1000} s\n${worker.output()}`);
    }
    await delay(5);
  }
  const readyMs = performance.now() - startedMs;
  worker.child.kill('SIGTERM');
  return { readyMs, exitCode: await worker.ended };
}

function start(image: BuiltStage, env: Record<string, string>, args: readonly string[] | undefined) {
  const [uid, gid] = image.user.split(':').map(Number);
  if (!uid || !gid)
    throw new Error(`USER is "${image.user}": write it as numbers other than 0, such as 65532:65532`);
  const [program = '', ...entry] = args ? [...entryOf(image), ...args] : image.command;
  const child = spawn(program, entry, {
    cwd: image.workdir,
    // Nothing of the machine's environment, as in a container.
    env: { PATH: `${image.root}/usr/local/bin:/usr/bin:/bin`, ...image.env, ...env },
    uid,
    gid,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const callOff = child.pid === undefined ? () => false : killGroupWhenWeDie(child.pid);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      callOff();
      resolve(code);
    });
  });
  return { child, ended, output: outputOf(child) };
}

/** The command without what CMD adds: the last word is the program's default command. */
function entryOf({ command }: BuiltStage): readonly string[] {
  return command.slice(0, -1);
}

function outputOf(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return () => output.trim();
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  return answer?.ok ?? false;
}
