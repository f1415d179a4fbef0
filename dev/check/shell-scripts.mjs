// Checks the shell scripts with shellcheck.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../setup/setup.mjs';
import { skip } from './skip.mjs';

const SCRIPTS = ['.ci/run', 'k8s/gcloud-setup.sh'];
const root = fileURLToPath(new URL('../..', import.meta.url));

if (!(await setUp('check-tools'))) skip('shellcheck could not be installed, see above');
const shellcheck = join(root, '.local', 'check-venv', 'bin', 'shellcheck');
const { status } = spawnSync(shellcheck, SCRIPTS, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
