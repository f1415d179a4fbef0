/** The official clients for one environment under one identity: few, long-lived and shared by everything that talks to it. */
import { BigQuery } from '@google-cloud/bigquery';
import { v1 } from '@google-cloud/bigquery-storage';
import { googleAuthLibrary, grpc } from 'google-gax';
import { identityFor, type Identity } from './identity.ts';

/** Which environment, and who asks. */
export type ClientSettings = Identity & {
  /** Where queries run and reads are billed. */
  readonly projectId: string;
  /** host:port of an emulator's REST API. */
  readonly restHost?: string | undefined;
  /** host:port of an emulator's Storage API. */
  readonly storageHost?: string | undefined;
};

/** The clients, with the hosts they call. */
export type Clients = {
  readonly rest: BigQuery;
  readonly read: v1.BigQueryReadClient;
  readonly write: v1.BigQueryWriteClient;
  readonly restHost: string;
  readonly storageHost: string;
};

/**
 * The flow-control window is what one stream may have under way: at gRPC's 64 KiB a stream carries 6.5 MB/s over 10 ms.
 * Keepalive notices a peer that vanished without a word; one minute is what Google's own Write API clients use.
 */
const CHANNEL_OPTIONS = {
  'grpc-node.flow_control_window': 16 * 1024 * 1024,
  'grpc.max_receive_message_length': 160 * 1024 * 1024,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
} as const;

type Shared = { readonly clients: Clients; users: number };
const shared = new Map<string, Shared>();

/** The clients for these settings, opened once however often they are asked for; each caller releases them once. */
export function acquireClients(settings: ClientSettings): { clients: Clients; release: () => Promise<void> } {
  const key = JSON.stringify([
    settings.projectId,
    settings.serviceAccountFile,
    settings.impersonate,
    settings.restHost,
    settings.storageHost,
  ]);
  const entry = shared.get(key) ?? { clients: openClients(settings), users: 0 };
  shared.set(key, entry);
  entry.users += 1;
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    entry.users -= 1;
    if (entry.users > 0) return;
    shared.delete(key);
    await Promise.all([closeClient(entry.clients.read), closeClient(entry.clients.write)]);
  };
  return { clients: entry.clients, release };
}

function openClients(settings: ClientSettings): Clients {
  const { projectId, restHost, storageHost } = settings;
  const storage = storageOptions(settings);
  return {
    rest: openRest(settings),
    read: new v1.BigQueryReadClient({ projectId, ...storage }),
    write: new v1.BigQueryWriteClient({ projectId, ...storage }),
    restHost: restHost ?? 'bigquery.googleapis.com',
    storageHost: storageHost ?? 'bigquerystorage.googleapis.com',
  };
}

function openRest(settings: ClientSettings): BigQuery {
  const endpoint = settings.restHost ? `http://${settings.restHost}` : 'https://bigquery.googleapis.com';
  const authClient = settings.restHost ? anonymous() : identityFor(settings);
  const rest = new BigQuery({
    projectId: settings.projectId,
    apiEndpoint: endpoint,
    // The client library resolves its own copy of the auth library, whose classes differ in name only.
    authClient: authClient as never,
    // What is tried again, and how often, is decided in retry.ts.
    retryOptions: { autoRetry: false },
  });
  // Left alone, the client sends every environment to BIGQUERY_EMULATOR_HOST when that is set, and without the path.
  rest.baseUrl = `${endpoint}/bigquery/v2`;
  return rest;
}

function storageOptions(settings: ClientSettings): object {
  if (!settings.storageHost)
    return {
      auth: new googleAuthLibrary.GoogleAuth({ authClient: identityFor(settings) }),
      ...CHANNEL_OPTIONS,
    };
  const [host, port] = splitHost(settings.storageHost);
  return {
    apiEndpoint: host,
    port,
    sslCreds: grpc.credentials.createInsecure(),
    auth: new googleAuthLibrary.GoogleAuth({ authClient: anonymous() }),
    ...CHANNEL_OPTIONS,
  };
}

/** Emulators take no credentials, and looking for some would ask a metadata server that is not there. */
function anonymous(): googleAuthLibrary.AuthClient {
  return new googleAuthLibrary.PassThroughClient();
}

function splitHost(hostAndPort: string): [host: string, port: number] {
  const colon = hostAndPort.lastIndexOf(':');
  return [hostAndPort.slice(0, colon), Number(hostAndPort.slice(colon + 1))];
}

async function closeClient(client: { close(): Promise<void> }): Promise<void> {
  // A client that could never connect has nothing to close, and says so by rejecting.
  await client.close().catch(() => undefined);
}
