// The MariaDB server that the tests run: the one DB_HOST names, the one installed, or Debian's.
import { findMariaDb } from './find-mariadb.mjs';
import { findProgram } from './find-program.mjs';
import { runStep } from './run-step.mjs';

/** The server and the script's helper without the parts that would run it as a service of the system. */
const PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];

/** The part of the set-up that provides a MariaDB server. */
export function mariaDb() {
  return {
    name: 'MariaDB',
    isReady: () => (process.env.DB_HOST ?? '') !== '' || findMariaDb() !== undefined,
    missing: () => (mayInstall() ? [] : [HOW_TO_GET_IT]),
    install,
  };
}

const HOW_TO_GET_IT =
  'MariaDB 10.6 or later is missing; the tests run a private instance of it. Get it with one of:\n' +
  `    sudo apt-get install ${PACKAGES.join(' ')}   (installs no running service)\n` +
  '    apt-get install mariadb-server, brew install mariadb, or https://mariadb.org/download\n' +
  '  or set DB_HOST, DB_PORT, DB_USER and DB_PASSWORD of a server on which that user may create databases.';

function mayInstall() {
  return process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
}

async function install() {
  const apt = {
    command: findProgram('apt-get'),
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    adviceOnFailure: HOW_TO_GET_IT,
  };
  // Waits for another apt at work instead of failing.
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  await runStep({ ...apt, title: 'Updating the list of Debian packages', args: [...patience, 'update'] });
  await runStep({
    ...apt,
    title: 'Installing MariaDB',
    args: [...patience, 'install', '--yes', '--no-install-recommends', ...PACKAGES],
  });
}
