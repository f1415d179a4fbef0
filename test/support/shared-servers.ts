// Starts the servers that all test files share, in parallel, and says under which TEST_ variables their addresses are handed on.
import { join } from 'node:path';
import { startBigQueryEmulator } from '../../dev/emulators/bigquery/start.ts';
import { startMariaDb } from '../../dev/emulators/mariadb/start.ts';
import { useOrStartPubSubEmulator } from '../../dev/emulators/pubsub/start.ts';
import { destinationEnvironment, sourceEnvironment } from './environment.ts';
import type { DatabaseServer } from './environment.ts';

interface SharedServers {
  /** The variables that test/support/environment.ts reads. */
  addresses: Record<string, string>;
  stop(): Promise<void>;
}

/** Resolves when all of them answer; they end with `stop`, or with this process at the latest. */
export async function startSharedServers(): Promise<SharedServers> {
  const startedMs = performance.now();
  const python = join(import.meta.dirname, '../../.local/venv/bin/python');
  const [pubSub, source, destination, database] = await Promise.all([
    useOrStartPubSubEmulator(),
    startBigQueryEmulator({ python, ...sourceEnvironment }),
    startBigQueryEmulator({ python, ...destinationEnvironment }),
    useOrStartDatabase(),
  ]);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stderr.write(
    `Started in ${seconds} s: Pub/Sub ${pubSub.host}, BigQuery ${source.restHost} and ${destination.restHost}, ` +
      `database ${database.server.host}:${database.server.port}\n`,
  );
  return {
    addresses: {
      TEST_PUBSUB_EMULATOR_HOST: pubSub.host,
      TEST_SOURCE_BIGQUERY_REST: source.restHost,
      TEST_SOURCE_BIGQUERY_GRPC: source.grpcHost,
      TEST_DESTINATION_BIGQUERY_REST: destination.restHost,
      TEST_DESTINATION_BIGQUERY_GRPC: destination.grpcHost,
      TEST_DB_HOST: database.server.host,
      TEST_DB_PORT: String(database.server.port),
      TEST_DB_USER: database.server.user,
      TEST_DB_PASSWORD: database.server.password,
    },
    async stop() {
      await Promise.all([pubSub.stop(), source.stop(), destination.stop(), database.stop()]);
    },
  };
}

/** The database server that DB_HOST names, left running by `stop`; or else a MariaDB of our own. */
async function useOrStartDatabase(): Promise<{ server: DatabaseServer; stop: () => Promise<void> }> {
  const {
    DB_HOST: host,
    DB_PORT: port = '3306',
    DB_USER: user = 'root',
    DB_PASSWORD: password = '',
  } = process.env;
  if (host !== undefined && host !== '') {
    return { server: { host, port: Number(port), user, password }, stop: async () => undefined };
  }
  const own = await startMariaDb();
  return { server: own, stop: async () => own.stop() };
}
