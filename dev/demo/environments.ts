// The demo's two BigQuery environments, its Pub/Sub and the variables that lead the program to them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../emulators/free-port.ts';
import { startBigQueryEmulator, type RunningStandIn } from '../emulators/bigquery/start.ts';
import { useOrStartPubSubEmulator } from '../emulators/pubsub/start.ts';

/** Everything the demo talks to. */
export interface DemoEnvironments {
  readonly source: RunningStandIn;
  readonly destination: RunningStandIn;
  readonly pubsubHost: string;
  readonly httpPort: number;
  /** What the program's processes are given. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const PUBSUB_PROJECT = 'demo-worker';

/** Starts everything at once; `directory` is emptied first, so that each demo begins anew. */
export async function startEnvironments(directory: string): Promise<DemoEnvironments> {
  await rm(directory, { recursive: true, force: true });
  const [source, destination, pubsub, httpPort] = await Promise.all([
    startBigQueryEmulator({ project: 'source-env', location: 'EU' }),
    startBigQueryEmulator({ project: 'destination-env', location: 'US' }),
    useOrStartPubSubEmulator(),
    freePort(),
  ]);
  const variables = {
    PROJECT_ID: PUBSUB_PROJECT,
    SQLITE_PATH: join(directory, 'pulse-billing-etl.sqlite'),
    HTTP_PORT: String(httpPort),
    PUBSUB_EMULATOR_HOST: pubsub.host,
    BIGQUERY_EMULATOR_HOST: source.restHost,
    BIGQUERY_STORAGE_EMULATOR_HOST: source.grpcHost,
    DESTINATION_BIGQUERY_EMULATOR_HOST: destination.restHost,
    DESTINATION_BIGQUERY_STORAGE_EMULATOR_HOST: destination.grpcHost,
  };
  const stop = async (): Promise<void> => {
    await Promise.allSettled([source.stop(), destination.stop(), pubsub.stop()]);
  };
  return { source, destination, pubsubHost: pubsub.host, httpPort, variables, stop };
}
