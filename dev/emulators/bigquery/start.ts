// Starts a BigQuery stand-in on free ports and waits until it answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The interpreter that the project's set-up makes below the repository's root. */
export const STAND_IN_PYTHON = fileURLToPath(new URL('../../../.local/venv/bin/python', import.meta.url));

const LAUNCHER = fileURLToPath(new URL('./launch.py', import.meta.url));
const READY_WITHIN_MS = 60_000;
const STDERR_TAIL_CHARACTERS = 4_000;

/** What to start: an environment of one project and its default location, kept in `dataDir` or else in memory. */
export interface StandInOptions {
  readonly python?: string;
  readonly project: string;
  readonly location: string;
  readonly dataDir?: string;
  /** The ports of an earlier start, to come back at the same address; default: free ones. */
  readonly restPort?: number;
  readonly grpcPort?: number;
  /** Starts bqemulator with its gaps open, so that a test of a gap can be seen failing. */
  readonly plain?: boolean;
}

/** A running stand-in; hosts are `host:port`. */
export interface RunningStandIn {
  readonly restHost: string;
  readonly grpcHost: string;
  readonly project: string;
  readonly location: string;
  readonly pid: number;
  /** Ends it in an orderly way (SIGTERM) and resolves once it is gone. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL) and resolves once it is gone. */
  kill(): Promise<void>;
}

/** Starts a stand-in; rejects with the end of its error output when it does not become ready. */
export async function startBigQueryEmulator(options: StandInOptions): Promise<RunningStandIn> {
  const child = spawn(options.python ?? STAND_IN_PYTHON, launcherArguments(options), {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((gone) => child.once('close', () => gone()));
  const { restHost, grpcHost } = await becomeReady(child);
  return {
    restHost,
    grpcHost,
    project: options.project,
    location: options.location,
    pid: child.pid!,
    stop: () => end(child, ended, 'SIGTERM'),
    kill: () => end(child, ended, 'SIGKILL'),
  };
}

function launcherArguments(options: StandInOptions): string[] {
  return [
    LAUNCHER,
    ...['--rest-port', String(options.restPort ?? 0), '--grpc-port', String(options.grpcPort ?? 0)],
    ...['--project', options.project, '--location', options.location, '--exit-with-parent'],
    ...(options.dataDir === undefined ? [] : ['--data-dir', options.dataDir]),
    ...(options.plain === true ? ['--plain'] : []),
  ];
}

async function becomeReady(child: ChildProcess): Promise<{ restHost: string; grpcHost: string }> {
  let errors = '';
  child.stderr!.on('data', (text: Buffer) => {
    errors = (errors + text.toString()).slice(-STDERR_TAIL_CHARACTERS);
  });
  const failure = (why: string): Error =>
    new Error(`the BigQuery stand-in ${why}; run the project's set-up if .local/venv is missing. ${errors}`);
  return new Promise((ready, failed) => {
    let output = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      failed(failure(`was not ready within ${READY_WITHIN_MS} ms`));
    }, READY_WITHIN_MS);
    child.stdout!.on('data', (text: Buffer) => {
      output += text.toString();
      const hosts = /^READY rest=(\S+) grpc=(\S+)$/m.exec(output);
      if (hosts === null) return;
      clearTimeout(timer);
      ready({ restHost: hosts[1]!, grpcHost: hosts[2]! });
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      failed(failure(`could not be started (${error.message})`));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      failed(failure(`ended with ${signal ?? `code ${code}`} before it was ready`));
    });
  });
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await ended;
}
