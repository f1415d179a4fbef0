// Calls the built program the way its user would, and shows each call.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** As in the program's first line. */
const FLAGS = ['--max-semi-space-size=4'];

/** The program with the demo's variables. */
export interface Program {
  /** Runs one command to its end and returns what it printed; rejects with its error output when it fails. */
  run(...args: string[]): Promise<string>;
  /** Runs a command and returns the value it prints with --json, without showing the call. */
  json(...args: string[]): Promise<unknown>;
  /** Starts the daemon; its log goes to the file. */
  startWorker(logFile: string): Promise<Worker>;
}

/** A running daemon. */
export interface Worker {
  readonly pid: number;
  /** Asks it to drain and resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Commands are shown with a `$` before them, as they would be typed. */
export function program(variables: Readonly<Record<string, string>>): Program {
  const env = { ...process.env, ...variables };
  const output = async (args: readonly string[]): Promise<string> => {
    const child = spawn(process.execPath, [...FLAGS, PROGRAM, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, code] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      exitOf(child),
    ]);
    if (code !== 0)
      throw new Error(`pulse-billing-etl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout;
  };
  return {
    async run(...args) {
      console.log(`$ pulse-billing-etl ${args.join(' ')}`);
      return output(args);
    },
    json: async (...args) => JSON.parse(await output([...args, '--json'])) as unknown,
    async startWorker(logFile) {
      console.log(`$ pulse-billing-etl worker   # log: ${logFile}`);
      await mkdir(dirname(logFile), { recursive: true });
      const child = spawn(process.execPath, [...FLAGS, PROGRAM, 'worker'], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const log = createWriteStream(logFile);
      child.stdout.pipe(log);
      child.stderr.pipe(log);
      const ended = exitOf(child);
      process.once('exit', () => child.kill('SIGKILL'));
      return {
        pid: child.pid ?? 0,
        stop: () => {
          child.kill('SIGTERM');
          return ended;
        },
      };
    },
  };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}
