// Starts a Pub/Sub emulator of our own on a free port of the loopback interface.
import { pubSubEmulatorCommand } from '../../setup/find-pubsub-emulator.mjs';
import { freePort } from '../free-port.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

/** A running emulator; its topics and messages live in memory and are gone when it ends. */
export interface PubSubEmulator extends ServerProcess {
  /** 127.0.0.1:port, as PUBSUB_EMULATOR_HOST wants it. */
  host: string;
}

/** Resolves with an emulator, on a free port unless one is given, that answers and that ends with this process; it serves every project id. */
export async function startPubSubEmulator({
  project = 'local',
  port: wanted,
}: { project?: string; port?: number } = {}): Promise<PubSubEmulator> {
  const port = wanted ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  const server = await startServerProcess({
    name: 'the Pub/Sub emulator',
    ...pubSubEmulatorCommand('127.0.0.1', port, project),
    answers: async () => (await fetch(`http://${host}/v1/projects/${project}/topics`)).ok,
  });
  return { ...server, host };
}

/** The emulator that PUBSUB_EMULATOR_HOST names, left running by `stop`; or else one of our own. */
export async function useOrStartPubSubEmulator(): Promise<Pick<PubSubEmulator, 'host' | 'stop'>> {
  const host = process.env['PUBSUB_EMULATOR_HOST'];
  if (host !== undefined && host !== '') return { host, stop: async () => undefined };
  return startPubSubEmulator();
}
