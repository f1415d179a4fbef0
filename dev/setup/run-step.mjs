// Runs one long command of the set-up and lets the person who waits see that it lives.
import { spawn } from 'node:child_process';

const SPINNER = ['|', '/', '-', '\\'];
/** Some programs say first what is wrong and then how they are used, others end with it: keep both. */
const KEPT_FIRST_LINES = 12;
const KEPT_LAST_LINES = 30;
const PLAIN_REPORT_MS = 15_000;

/**
 * Resolves when the command has succeeded; rejects with the end of its output, followed by `adviceOnFailure`.
 * On a terminal one line shows the seconds and the latest output; elsewhere a line appears every 15 seconds.
 */
export async function runStep({ title, command, args, env = process.env, adviceOnFailure = '' }) {
  const startedMs = Date.now();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const lines = [];
  const show = process.stderr.isTTY ? spinner(title, seconds, lines) : plainLines(title, seconds, lines);

  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      lines.push(...text.split(/[\r\n]+/).filter((line) => line.trim() !== ''));
      const surplus = lines.length - KEPT_FIRST_LINES - KEPT_LAST_LINES;
      if (surplus > 0) lines.splice(KEPT_FIRST_LINES, surplus, '...');
    });
  }
  const problem = await new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`),
    );
  });

  show.end(problem === undefined ? `done in ${seconds()} s` : `failed after ${seconds()} s`);
  if (problem === undefined) return;
  const output = lines.map((line) => `    ${line}`).join('\n');
  throw new Error(
    `${title}: \`${command} ${args.join(' ')}\` ${problem}\n${output}\n${adviceOnFailure}`.trimEnd(),
  );
}

function spinner(title, seconds, lines) {
  let turn = 0;
  const draw = () => {
    const line = `${SPINNER[turn++ % SPINNER.length]} ${title} ${seconds()} s  ${lines.at(-1) ?? ''}`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  };
  draw();
  const timer = setInterval(draw, 150);
  return {
    end(result) {
      clearInterval(timer);
      process.stderr.write(`\r\x1b[2K${title}: ${result}\n`);
    },
  };
}

function plainLines(title, seconds, lines) {
  process.stderr.write(`${title} ...\n`);
  const report = () =>
    process.stderr.write(`  ${title}: ${seconds()} s so far; ${lines.at(-1) ?? 'no output yet'}\n`);
  const timer = setInterval(report, PLAIN_REPORT_MS);
  return {
    end(result) {
      clearInterval(timer);
      process.stderr.write(`${title}: ${result}\n`);
    },
  };
}
