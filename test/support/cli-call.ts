// Calls the command line in this process: arguments in, exit code and output out, on a fake program and a real state.
import { PassThrough } from 'node:stream';
import type { TestContext } from 'node:test';
import type { CliApp } from '../../src/cli/app-port.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import type { ExitCode } from '../../src/cli/command-error.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { openState, type State } from '../../src/state/open-state.ts';

export type CliResult = { readonly code: ExitCode; readonly stdout: string; readonly stderr: string };

export type CliOptions = {
  readonly app?: Partial<CliApp>;
  readonly env?: Record<string, string>;
  /** Both streams are terminals. */
  readonly tty?: boolean;
  readonly now?: () => Date;
  readonly random?: () => number;
};

export type Cli = {
  /** Runs one command. */
  call(...argv: string[]): Promise<CliResult>;
  /** Like call, and the parsed stdout. */
  json(...argv: string[]): Promise<Record<string, unknown> & Record<string, unknown>[]>;
  /** What Ctrl-C does: calls every handler that listens, and says how many did. */
  interrupt(): number;
  /** What the last call has written to stderr so far. */
  stderr(): string;
  /** How often the program was closed. */
  closed(): number;
};

/** A command line whose program does only what the test gives it. */
export function cliOn(options: CliOptions = {}): Cli {
  const handlers = new Set<() => void>();
  let closed = 0;
  let errors = capture();
  const call = async (...argv: string[]): Promise<CliResult> => {
    const [stdout, stderr] = [capture(options.tty), capture(options.tty)];
    errors = stderr;
    const io: CliIo = {
      stdout: stdout.stream,
      stderr: stderr.stream,
      env: options.env ?? {},
      readFile: (path) => {
        throw new Error(`ENOENT: ${path}`);
      },
      createApp: ({ config, logger }) =>
        ({
          config,
          logger,
          ...options.app,
          close: async () => void (closed += 1),
        }) as CliApp,
      version: '1.2.3',
      user: 'tester',
      now: options.now ?? (() => new Date('2026-02-01T10:11:12.345Z')),
      randomSuffix: () => 'abcd1234',
      random: options.random ?? (() => 0),
      onInterrupt: (handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
      pollMs: 1,
    };
    const code = await runCli(argv, io);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };
  return {
    call,
    json: async (...argv) => {
      const { code, stdout, stderr } = await call(...argv);
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown> & Record<string, unknown>[];
    },
    interrupt: () => {
      const listening = [...handlers];
      for (const handler of listening) handler();
      return listening.length;
    },
    stderr: () => errors.text(),
    closed: () => closed,
  };
}

/** A migrated SQLite state in memory, closed at the end of the test. */
export async function memoryState(context: TestContext): Promise<State> {
  const state = await openState({ kind: 'sqlite', path: ':memory:' });
  context.after(() => state.close());
  await state.migrate();
  return state;
}

function capture(isTTY = false): { stream: CliIo['stdout']; text(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
