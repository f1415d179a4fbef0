// What a command needs of what the test runner gives its files: the shared servers, and the program built once.
import type { Cleanup, Program } from '../support/daemon.ts';
import { startSharedServers } from '../support/shared-servers.ts';
import { buildProgram } from './built-program.ts';

/** Starts the servers, puts their addresses into the environment and builds the program; the servers end with the cleanup. */
export async function programBesideServers(cleanup: Cleanup): Promise<Program> {
  const servers = await startSharedServers();
  cleanup.after(() => servers.stop());
  Object.assign(process.env, servers.addresses);
  return buildProgram(cleanup);
}
