#!/usr/bin/env -S node --max-semi-space-size=4
/** The program: hands the process to the command line, and nothing else. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { messageOf } from './job/errors.ts';
import { createApp } from './app.ts';
import { runCli } from './cli/run-cli.ts';
import { secretsIn } from './config/read-config.ts';
import { redactText } from './observability/log-value.ts';

const POLL_MS = 500;
const LINGER_MS = 2_000;

// A reader that went away (`… | head`) is no reason to crash; what cannot be written is dropped.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Half-dead is worse than dead: the lease runs out, and another worker goes on from the last checkpoint.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (thrown: unknown) => {
    const text = messageOf(thrown);
    const stack = process.env['LOG_LEVEL'] === 'debug' && thrown instanceof Error ? `\n${thrown.stack}` : '';
    process.stderr.write(`${redactText(`error: unexpected: ${text}${stack}`, secretsIn(process.env))}\n`);
    process.exit(1);
  });
}

// What a vendor's client wants its programmers to know is nothing for those who run this program, or read its log.
process.removeAllListeners('warning');
if (process.env['LOG_LEVEL'] === 'debug')
  process.on('warning', (warning) => process.stderr.write(`warning: ${warning.stack ?? warning.message}\n`));

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  createApp,
  version: packageVersion(),
  user: userName(),
  now: () => new Date(),
  randomSuffix: () => randomBytes(4).toString('hex'),
  random: Math.random,
  onInterrupt: (handler) => {
    process.on('SIGINT', handler);
    return () => process.off('SIGINT', handler);
  },
  pollMs: POLL_MS,
});

// A connection somebody forgot must not keep the command from ending.
setTimeout(() => process.exit(), LINGER_MS).unref();

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The name of the user, or the number where a container runs under one without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
