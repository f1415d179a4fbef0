// Checks who imports whom against .dependency-cruiser.mjs, here or in the folder given as argument.
// Fails when there was nothing to check: dependency-cruiser calls that a success, even when it only could not read the files.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = ['src', 'test', 'dev', 'bench'];

const root = resolve(process.argv[2] ?? home);
const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
const { totalCruised, violations, ruleSetUsed } = folders.length === 0 ? { totalCruised: 0 } : cruise();

if (totalCruised === 0) {
  process.stdout.write(`no module was found in ${FOLDERS.join(', ')} of ${root}: nothing was checked\n`);
  process.exitCode = 1;
} else {
  for (const violation of violations) process.stdout.write(`${explain(violation)}\n`);
  process.stdout.write(`${totalCruised} modules, ${violations.length} forbidden imports\n`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}

function cruise() {
  const program = join(home, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
  const args = [
    program,
    '--config',
    join(home, '.dependency-cruiser.mjs'),
    '--output-type',
    'json',
    ...folders,
  ];
  const json = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return JSON.parse(json).summary;
}

function explain({ from, to, rule, cycle }) {
  const path = cycle === undefined ? [from, to] : [from, ...cycle.map(({ name }) => name)];
  const { comment } = ruleSetUsed.forbidden.find(({ name }) => name === rule.name);
  // An orphan is reported as if it imported itself.
  return `${[...new Set(path.slice(0, 2)), ...path.slice(2)].join(' → ')}\n    ${rule.name}: ${comment}`;
}
