// Finds the MariaDB server that the tests run a private instance of.
import { findProgram } from './find-program.mjs';

/** Full paths of the server and of the program that creates its data directory, or undefined when either is missing. */
export function findMariaDb() {
  const server = findProgram('mariadbd');
  const initializer = findProgram('mariadb-install-db');
  // mariadb-install-db is a script that cannot do without this one, which Debian ships in a package of its own.
  const complete =
    server !== undefined && initializer !== undefined && findProgram('my_print_defaults') !== undefined;
  return complete ? { server, initializer } : undefined;
}
