// The official BigQuery clients, talking to an emulator: no credentials, no encryption, no look for credentials either.
import { BigQuery, type BigQueryOptions } from '@google-cloud/bigquery';
import { v1 } from '@google-cloud/bigquery-storage';
import { grpc } from 'google-gax';

/** Where an emulator answers, and the project that it stands for. */
export interface EmulatorAddress {
  /** host:port of the REST API. */
  readonly restHost: string;
  /** host:port of the gRPC Storage API. */
  readonly grpcHost: string;
  readonly project: string;
}

/** The only method that the REST client asks of its credentials; the real classes would look for a key. */
const nobody = { getRequestHeaders: () => Promise.resolve(new Headers()) };

/** The REST client of an emulator. */
export function emulatorBigQuery({
  restHost,
  project,
}: Pick<EmulatorAddress, 'restHost' | 'project'>): BigQuery {
  return new BigQuery({
    projectId: project,
    apiEndpoint: `http://${restHost}`,
    authClient: nobody as unknown as NonNullable<BigQueryOptions['authClient']>,
  });
}

/** The Storage Write client of an emulator; close it when done. */
export function emulatorWriteClient({ grpcHost }: Pick<EmulatorAddress, 'grpcHost'>): v1.BigQueryWriteClient {
  const [host, port] = grpcHost.split(':');
  if (host === undefined || port === undefined) throw new Error(`"${grpcHost}" is no host:port.`);
  return new v1.BigQueryWriteClient({
    apiEndpoint: host,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    // Without it the client asks the metadata server which universe the credentials belong to.
    clientOptions: { universeDomain: 'googleapis.com' },
  });
}
