// Checks the Dockerfile with hadolint.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../setup/setup.mjs';
import { skip } from './skip.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

if (!(await setUp('check-tools'))) skip('hadolint could not be installed, see above');
const hadolint = join(root, '.local', 'check-venv', 'bin', 'hadolint');
const { status } = spawnSync(hadolint, ['--failure-threshold=style', 'Dockerfile'], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
