// npm run check: all static checks, each with its time; `npm run check -- lint types` runs only those.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../setup/setup.mjs';
import { SKIPPED } from './skip.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const CHECKS = {
  format: ['prettier', '--check', '--log-level=warn', '.'],
  lint: ['eslint', '--max-warnings=0', '.'],
  types: ['tsc', '--noEmit'],
  imports: ['node', 'dev/check/import-rules.mjs'],
  'dead code': ['knip', '--no-progress'],
  // What only tests use is dead in the product, and what the product uses must be among its dependencies.
  'dead product code': [
    'knip',
    '--no-progress',
    '--production',
    '--include=files,dependencies,unlisted,unresolved',
  ],
  dockerfile: ['node', 'dev/check/dockerfile.mjs'],
  'shell scripts': ['node', 'dev/check/shell-scripts.mjs'],
  manifests: ['node', 'dev/check/manifests.mjs'],
  image: ['tsx', 'dev/image/stages.ts'],
};

const SIGNS = { passed: '✔', skipped: '-', failed: '✖' };

async function main(chosen) {
  const unknown = chosen.filter((name) => !(name in CHECKS));
  if (unknown.length > 0) {
    process.stderr.write(
      `unknown: ${unknown.join(', ')}; the checks are: ${Object.keys(CHECKS).join(', ')}\n`,
    );
    return 2;
  }
  if (!(await setUp('check'))) return 1;
  const namesBy = { passed: [], skipped: [], failed: [] };
  for (const name of chosen.length > 0 ? chosen : Object.keys(CHECKS)) {
    const startedMs = performance.now();
    const { result, output } = await run(CHECKS[name]);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(`${SIGNS[result]} ${name} (${seconds} s)\n`);
    if (output !== '') process.stdout.write(`${output.replace(/^/gm, '    ')}\n`);
    namesBy[result].push(name);
  }
  const summary = Object.entries(namesBy).filter(([, names]) => names.length > 0);
  process.stdout.write(
    `\n${summary.map(([result, names]) => `${result}: ${names.join(', ')}`).join('\n')}\n`,
  );
  return namesBy.failed.length > 0 ? 1 : 0;
}

async function run([command, ...args]) {
  const bin = join(root, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const child = spawn(join(bin, command), args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const result = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve('failed');
    });
    child.once('close', (code) => resolve(code === 0 ? 'passed' : code === SKIPPED ? 'skipped' : 'failed'));
  });
  return { result, output: output.trim() };
}

process.exitCode = await main(process.argv.slice(2));
