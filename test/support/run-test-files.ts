// Runs test files in node's own test runner, so that the output ends with its summary.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { killGroupWhenWeDie } from '../../dev/emulators/parent-death.ts';

const ALL_TESTS = 'test/**/*.test.ts';

/**
 * What one process has compiled, the next need not. Threads need it besides: Node strips the types of their sources by
 * WebAssembly, and V8 has aborted a test in the middle of that ("Check failed: jit_page.has_value()", see nodejs/node#64500).
 */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));

/** Set for the servers that this run uses; tests get them under TEST_ names only, so that none works by accident. */
const NOT_FOR_TESTS = ['DB_HOST', 'DB_PORT', 'DB_USER', 'DB_PASSWORD', 'PUBSUB_EMULATOR_HOST'];

/**
 * Runs `chosen` (files, globs and runner options with "="; all files when none is named) with `addresses` in the environment;
 * resolves with the exit code: the runner's own, or 130 after Ctrl-C, SIGTERM or the end of the process that started us.
 */
export async function runTestFiles(chosen: string[], addresses: Record<string, string>): Promise<number> {
  const options = chosen.filter((argument) => argument.startsWith('-'));
  const files = chosen.filter((argument) => !argument.startsWith('-'));
  const lost = (files.length === 0 ? [ALL_TESTS] : files).filter((pattern) => globSync(pattern).length === 0);
  if (lost.length > 0) {
    // The runner would call no test at all a success.
    process.stderr.write(`no test file matches ${lost.join(', ')}\n`);
    return 1;
  }
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_FOR_TESTS.includes(name));
  const runner = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--test', '--test-reporter=spec', '--test-timeout=300000'],
      // One more than there are cores: tests of whole processes wait for leases most of their time.
      `--test-concurrency=${Math.min(Math.max(availableParallelism(), 2) + 1, 4)}`,
      ...options,
      ...(files.length === 0 ? [ALL_TESTS] : files),
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...Object.fromEntries(inherited), ...addresses },
      // A group of its own, so that it can be ended together with everything that tests have started in it.
      detached: true,
    },
  );
  if (runner.pid === undefined) throw new Error(`${process.execPath} could not be started`);
  const group = runner.pid;
  const callOff = killGroupWhenWeDie(group);

  let interruptedAtMs: number | undefined;
  const interrupt = (): void => {
    // One Ctrl-C may arrive several times: from the terminal, from npm and from the process that started us.
    const again = interruptedAtMs !== undefined && performance.now() > interruptedAtMs + 1_000;
    // A second one does not wait for tests that do not want to end.
    if (interruptedAtMs === undefined || again) process.kill(-group, again ? 'SIGKILL' : 'SIGTERM');
    interruptedAtMs ??= performance.now();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  process.stdin.once('end', interrupt).resume().unref();

  const [code] = (await once(runner, 'exit')) as [number | null];
  callOff();
  return interruptedAtMs !== undefined ? 130 : (code ?? 1);
}
