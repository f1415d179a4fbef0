// Runs tests with the servers they share: one Pub/Sub emulator, two BigQuery emulators and one database.
import { runTestFiles } from './support/run-test-files.ts';
import { startSharedServers } from './support/shared-servers.ts';

const servers = await startSharedServers();
try {
  process.exitCode = await runTestFiles(process.argv.slice(2), servers.addresses);
} finally {
  await servers.stop();
}
