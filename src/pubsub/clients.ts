/** The Pub/Sub clients: the generated v1 ones, because the high-level subscriber hides leases and flow control. */
import { v1 } from '@google-cloud/pubsub';
import { grpc } from 'google-gax';

export type PubSubSettings = {
  readonly projectId: string;
  /** Key file; without it the application-default credentials are used. */
  readonly serviceAccountFile?: string | undefined;
  /** host:port of an emulator. */
  readonly emulatorHost?: string | undefined;
};

export type PubSubClients = {
  /** The client of now: renewing replaces it, so ask for it at each call. */
  readonly subscriber: v1.SubscriberClient;
  readonly publisher: v1.PublisherClient;
  /** Puts a new client with a connection of its own in the place of one whose connection is dead; does nothing once that one is replaced. */
  renewSubscriber(dead: v1.SubscriberClient): void;
  close(): Promise<void>;
};

/**
 * Notices a peer that vanished without a word. Google's own Pub/Sub client pings as rarely; its servers end connections
 * that ping more often.
 */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 300_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // Otherwise every client of the process shares one connection, and a new one would get the dead one's.
  'grpc.use_local_subchannel_pool': 1,
} as const;

/** Connects lazily: an unreachable service shows at the first call. */
export function createPubSubClients(settings: PubSubSettings): PubSubClients {
  const options = clientOptions(settings);
  let subscriber = new v1.SubscriberClient(options);
  const publisher = new v1.PublisherClient(options);
  return {
    get subscriber() {
      return subscriber;
    },
    publisher,
    renewSubscriber(dead) {
      if (dead !== subscriber) return;
      subscriber = new v1.SubscriberClient(options);
      // What still waits on the dead connection fails and is tried again on the new one.
      void dead.close().catch(() => undefined);
    },
    async close() {
      await Promise.allSettled([subscriber.close(), publisher.close()]);
    },
  };
}

function clientOptions({ projectId, serviceAccountFile, emulatorHost }: PubSubSettings) {
  if (emulatorHost === undefined)
    return {
      ...CHANNEL_OPTIONS,
      projectId,
      ...(serviceAccountFile ? { keyFilename: serviceAccountFile } : {}),
    };
  const colon = emulatorHost.lastIndexOf(':');
  return {
    ...CHANNEL_OPTIONS,
    projectId,
    servicePath: emulatorHost.slice(0, colon),
    port: Number(emulatorHost.slice(colon + 1)),
    // No credentials of any kind: an emulator must never be sent a real token.
    sslCreds: grpc.credentials.createInsecure(),
    // Otherwise the client asks the metadata server which universe its credentials belong to.
    universeDomain: 'googleapis.com',
  };
}
