// A Python environment of our own with exactly the packages of one requirements file.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findPrograms } from './find-program.mjs';
import { runStep } from './run-step.mjs';

const NAMES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.14'];
const OLDEST_MINOR = 11;

/** The part of the set-up that makes the environment `directory` hold what the file `requirements` lists; `purpose` is for messages. */
export function pythonVenv({ directory, requirements, purpose }) {
  const stamp = join(directory, '.requirements-sha256');
  const wanted = () => createHash('sha256').update(readFileSync(requirements)).digest('hex');
  return {
    name: `Python packages for ${purpose}`,
    isReady: () => existsSync(join(directory, 'bin', 'python')) && read(stamp) === wanted(),
    missing: () => [findPython(purpose).missing].filter((problem) => problem !== undefined),
    async install() {
      // Without a stamp its making was broken off at an unknown point: begin again.
      if (read(stamp) === undefined) rmSync(directory, { recursive: true, force: true });
      const content = wanted();
      rmSync(stamp, { force: true });
      if (!existsSync(join(directory, 'bin', 'python'))) {
        await runStep({
          title: `Creating a Python environment for ${purpose}`,
          command: findPython(purpose).path,
          args: ['-m', 'venv', '--clear', directory],
        });
      }
      await runStep({
        title: `Installing the Python packages for ${purpose}`,
        command: join(directory, 'bin', 'python'),
        args: [
          '-m',
          'pip',
          'install',
          '--disable-pip-version-check',
          '--no-input',
          '--requirement',
          requirements,
        ],
        adviceOnFailure:
          'pip needs to reach a Python package index. Behind a proxy set HTTPS_PROXY; with a mirror set PIP_INDEX_URL.\n' +
          `Every version is pinned in ${relative(process.cwd(), requirements)}; they are built for Python 3.11 to 3.13.`,
      });
      writeFileSync(stamp, content);
    },
  };
}

function findPython(purpose) {
  let unfit = '';
  for (const path of findPrograms(...NAMES)) {
    const { minor, complete } = ask(path);
    if (minor === undefined || minor < OLDEST_MINOR) continue;
    if (complete) return { path };
    unfit = `${path} (3.${minor}) cannot create environments. On Debian: apt-get install python3.${minor}-venv`;
  }
  const advice =
    'On Debian 12 or later: apt-get install python3 python3-venv. Elsewhere: https://www.python.org/downloads';
  return { missing: unfit || `Python 3.${OLDEST_MINOR} or later is missing; ${purpose} needs it. ${advice}` };
}

function ask(python) {
  // Debian ships ensurepip in a package of its own; without it venv fails half-way.
  const question = `
import importlib.util, sys
complete = all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))
print(sys.version_info[0] == 3 and sys.version_info[1], complete)`;
  try {
    const [minor, complete] = execFileSync(python, ['-c', question], { encoding: 'utf8', stdio: 'pipe' })
      .trim()
      .split(' ');
    return { minor: Number(minor), complete: complete === 'True' };
  } catch {
    return {};
  }
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
