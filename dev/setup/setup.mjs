// Makes a fresh checkout ready for the demo, the tests or the static checks. Plain JavaScript without packages: it runs first.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mariaDb } from './mariadb.mjs';
import { nodePackages } from './node-packages.mjs';
import { pubSubEmulator } from './pubsub-emulator.mjs';
import { pythonVenv } from './python-venv.mjs';
import { withSetupLock } from './setup-lock.mjs';

const root = resolve(import.meta.dirname ?? fileURLToPath(new URL('.', import.meta.url)), '../..');

const bigQueryEmulator = pythonVenv({
  directory: join(root, '.local', 'venv'),
  requirements: join(root, 'dev', 'emulators', 'bigquery', 'requirements.txt'),
  purpose: 'the BigQuery emulator',
});

const checkTools = pythonVenv({
  directory: join(root, '.local', 'check-venv'),
  requirements: join(root, 'dev', 'setup', 'check-requirements.txt'),
  purpose: 'the checks of Dockerfile, scripts and manifests',
});

/** What each purpose needs. */
const PARTS = {
  demo: [nodePackages(root), bigQueryEmulator, pubSubEmulator()],
  test: [nodePackages(root), bigQueryEmulator, pubSubEmulator(), mariaDb()],
  check: [nodePackages(root)],
  'check-tools': [checkTools],
};

/** Installs what `purpose` needs and is not there; resolves with whether all is in place, after telling what is missing. */
export async function setUp(purpose) {
  const pending = PARTS[purpose].filter((part) => !part.isReady());
  // Everything that a person has to get is named before anything long begins.
  const missing = pending.flatMap((part) => part.missing());
  if (missing.length > 0) {
    process.stderr.write(`Set-up for the ${purpose} needs something that it cannot install by itself:\n\n`);
    for (const problem of missing) process.stderr.write(`- ${problem}\n`);
    return false;
  }
  if (pending.length === 0) return true;
  return withSetupLock(join(root, '.local', 'setup.lock'), async () => {
    try {
      for (const part of pending) {
        // Another set-up may have done it while we waited for the lock.
        if (!part.isReady()) await part.install();
        if (!part.isReady())
          throw new Error(`${part.name}: installed without an error, but still not usable`);
      }
      return true;
    } catch (error) {
      process.stderr.write(`\nSet-up for the ${purpose} failed.\n${error.message}\n`);
      return false;
    }
  });
}

async function main() {
  const [flag, purpose = 'test', ...rest] = process.argv.slice(2);
  if ((flag !== undefined && flag !== '--for') || !(purpose in PARTS) || rest.length > 0) {
    process.stderr.write(`usage: node dev/setup/setup.mjs --for ${Object.keys(PARTS).join('|')}\n`);
    return 2;
  }
  const ready = await setUp(purpose);
  if (ready) process.stderr.write(`Set-up for the ${purpose}: everything is in place.\n`);
  return ready ? 0 : 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main();
}
