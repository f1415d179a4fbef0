// npm test: sets up what the chosen tests need, then runs them on the Node that comes with the packages.
//
//   npm test                                      everything
//   npm test -- test/unit/money.test.ts           some files or quoted globs
//   npm test -- --test-name-pattern='late row'    options of node's test runner, always with "="
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../dev/setup/setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS_WITHOUT_SERVERS = /^(\.\/)?test\/(unit|docs|simulation|browser)\//;

const chosen = process.argv.slice(2);
const files = chosen.filter((argument) => !argument.startsWith('-'));
const needsServers = files.length === 0 || !files.every((file) => FOLDERS_WITHOUT_SERVERS.test(file));

if (await setUp(needsServers ? 'test' : 'check')) {
  const bin = join(root, 'node_modules', '.bin');
  const script = join(root, 'test', needsServers ? 'run-with-servers.ts' : 'run-without-servers.ts');
  const child = spawn(join(bin, 'node'), ['--import', 'tsx', script, ...chosen], {
    cwd: root,
    // The open pipe tells the child that we live: when it closes, the child cleans up and ends.
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  });
  // The terminal sends Ctrl-C to the child as well; our part is to wait until it has cleaned up.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code) => (process.exitCode = code ?? 1));
  child.once('exit', () => child.stdin.destroy());
} else {
  process.exitCode = 1;
}
