// Calls the whole program in this process: the real one behind the command line, with the variables of a test and no others.
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { createApp } from '../../src/app.ts';
import type { ExitCode } from '../../src/cli/command-error.ts';
import { runCli } from '../../src/cli/run-cli.ts';

const POLL_MS = 200;

/** What a screen shows of the call, both streams in their order, and the exit code. */
export async function callProgram(
  variables: Readonly<Record<string, string>>,
  argv: readonly string[],
): Promise<{ readonly code: ExitCode; readonly output: string }> {
  const screen = new PassThrough({ highWaterMark: 2 ** 24 });
  const code = await runCli(argv, {
    stdout: screen,
    stderr: screen,
    env: variables,
    readFile: (path) => readFileSync(path, 'utf8'),
    createApp,
    version: '0.0.0',
    user: 'maria',
    now: () => new Date(),
    randomSuffix: () => 'call',
    random: Math.random,
    onInterrupt: () => () => undefined,
    pollMs: POLL_MS,
  });
  return { code, output: String(screen.read() ?? '') };
}
