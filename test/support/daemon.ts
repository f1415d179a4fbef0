// A process of the program under test: its log, its end, and the signals it is sent.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** The machine is shared, and a crash costs a lease or two. */
export const PATIENCE_MS = 120_000;

/** Whatever ends what was begun: a test's context, or a campaign of its own. */
export type Cleanup = { after(work: () => unknown): void };

/** One entry of a worker's log. */
export type LogLine = {
  readonly message: string;
  readonly level: string;
  readonly metadata?: Record<string, unknown>;
};

/** A process of the program. */
export type Daemon = {
  readonly pid: number;
  /** Everything logged so far that matches. */
  logged(pattern: RegExp): readonly LogLine[];
  /** Resolves with the first entry that matches. */
  says(pattern: RegExp): Promise<LogLine>;
  signal(name: NodeJS.Signals): void;
  /** Closes our end of its standard output: what it writes from now on meets EPIPE. */
  deafen(): void;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** What it wrote to stderr so far. */
  errors(): string;
  /** Status and message of a probe. */
  probe(path: '/livez' | '/readyz' | '/startupz'): Promise<{ status: number; message: string }>;
};

/** How the program is run: node's arguments up to and including its entry file. */
export type Program = readonly string[];

const SETPRIV = '/usr/bin/setpriv';
/** A stopped process notices nothing, so the kernel has to end it when we are gone; where there is no setpriv, nobody does. */
const DIES_WITH_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];

const FROM_SOURCE: Program = ['--import', 'tsx', 'src/main.ts'];

/** Another program than the one from source, and a listener for what it writes, line by line, to file descriptor 3. */
export type DaemonOptions = { readonly program?: Program; readonly onReport?: (line: string) => void };

/** Starts `worker` with these variables and no others; it is killed in the end if it still runs. */
export function startDaemon(
  cleanup: Cleanup,
  variables: Readonly<Record<string, string>>,
  { program = FROM_SOURCE, onReport }: DaemonOptions = {},
): Daemon {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const [command, ...given] = [...DIES_WITH_PARENT, process.execPath, ...program, 'worker'];
  const child = spawn(command, given, {
    cwd: REPOSITORY,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...variables },
    stdio: ['ignore', 'pipe', 'pipe', ...(onReport ? (['pipe'] as const) : [])],
  });
  if (onReport) onLine(child.stdio[3] as NodeJS.ReadableStream, onReport);
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  cleanup.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [lines, errors] = [logOf(child), textOf(child.stderr!)];
  const logged = (pattern: RegExp): readonly LogLine[] =>
    lines.filter((line) => pattern.test(JSON.stringify(line)));
  return {
    pid: child.pid!,
    logged,
    errors,
    ended,
    signal: (name) => void child.kill(name),
    deafen: () => void child.stdout!.destroy(),
    says: (pattern) =>
      eventually(() => logged(pattern)[0], {
        describe: () => `${String(pattern)} in the log; ${lastOf(lines)} ${errors()}`,
        timeoutMs: PATIENCE_MS,
      }),
    async probe(path) {
      const answer = await fetch(`http://127.0.0.1:${variables['HTTP_PORT']}${path}`);
      const body = (await answer.json()) as { message?: string; error?: { message: string } };
      return { status: answer.status, message: body.error?.message ?? body.message ?? '' };
    },
  };
}

function logOf(child: ChildProcess): LogLine[] {
  const lines: LogLine[] = [];
  onLine(child.stdout!, (line) => lines.push(JSON.parse(line) as LogLine));
  return lines;
}

/** Hands on whole lines; what a process that was killed wrote of its last one is dropped. */
function onLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) take(part);
  });
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function lastOf(lines: readonly LogLine[]): string {
  return `the last of ${lines.length} entries: ${JSON.stringify(lines.slice(-3))}`;
}
