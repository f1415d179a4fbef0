// Starts a server as a child process, waits until it answers, and ends it with this process at the latest.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { killGroupWhenWeDie } from './parent-death.ts';

/** A server that runs as a child process in a process group of its own. */
export interface ServerProcess {
  pid: number;
  /** Asks it to end (SIGTERM), forces it after ten seconds, and resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL) and resolves when it has ended. */
  kill(): Promise<void>;
}

interface ServerCommand {
  /** What it is called in error messages. */
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Whether the server answers; an exception counts as "not yet". */
  answers: () => Promise<boolean>;
  /** How long it may take to answer, in milliseconds (default 60 000). */
  startTimeoutMs?: number;
}

const STOP_TIMEOUT_MS = 10_000;
const KEPT_OUTPUT_CHARACTERS = 8_000;

/** Resolves when the server answers; rejects with the end of its output when it ends early or does not answer in time. */
export async function startServerProcess(server: ServerCommand): Promise<ServerProcess> {
  const { name, command, args, answers, startTimeoutMs = 60_000 } = server;
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C does not reach it before we stop it, and wrappers end together with what they wrap.
    detached: true,
    env: server.env ?? process.env,
    ...(server.cwd !== undefined && { cwd: server.cwd }),
  });

  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream
      .setEncoding('utf8')
      .on('data', (text: string) => (output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS)));
  }
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw new Error(`${name} could not be started: ${error.message}`);
  }
  const ended = new Promise<string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const callOff = killGroupWhenWeDie(pid);
  void ended.then(callOff);

  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    child.ref();
    if (!hasEnded()) process.kill(-pid, signal);
    const exited = await Promise.race([ended, delay(STOP_TIMEOUT_MS, false, { ref: false })]);
    if (exited === false) await end('SIGKILL');
  };

  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await answers().catch(() => false))) {
    const late = performance.now() > deadlineMs;
    if (hasEnded() || late) {
      const problem = late
        ? `did not answer within ${startTimeoutMs / 1000} s`
        : `ended at once with ${await ended}`;
      await end('SIGKILL');
      throw new Error(
        `${name} ${problem}: ${command} ${args.join(' ')}\n${output.trim() || '(it printed nothing)'}`,
      );
    }
    await delay(25);
  }
  // From here on it must not keep us alive: a test that forgets to stop it ends, and the server with it.
  child.unref();
  for (const stream of [child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
  return { pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}
