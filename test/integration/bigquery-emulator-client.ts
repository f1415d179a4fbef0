// Starts a BigQuery stand-in of its own for one test file, with the official clients beside it.
import { after, before } from 'node:test';
import type { BigQuery } from '@google-cloud/bigquery';
import { v1 } from '@google-cloud/bigquery-storage';
import { grpc } from 'google-gax';
import { emulatorBigQuery } from '../../dev/billing-export/emulator-clients.ts';
import { startBigQueryEmulator } from '../../dev/emulators/bigquery/start.ts';
import type { RunningStandIn, StandInOptions } from '../../dev/emulators/bigquery/start.ts';
import { uniqueName } from '../support/eventually.ts';

/** A running stand-in and the clients that talk to it. */
export interface Warehouse {
  readonly standIn: RunningStandIn;
  readonly bigquery: BigQuery;
  readonly read: v1.BigQueryReadClient;
  readonly write: v1.BigQueryWriteClient;
  close(): Promise<void>;
}

/** The project and location that the warehouses of these tests stand for. */
export const PROJECT = 'billing-test';
export const LOCATION = 'EU';

/** Starts a stand-in and clients; BIGQUERY_STAND_IN=plain leaves its gaps open, to see a test fail. */
export async function openWarehouse(options: Partial<StandInOptions> = {}): Promise<Warehouse> {
  const plain = process.env['BIGQUERY_STAND_IN'] === 'plain';
  const standIn = await startBigQueryEmulator({ project: PROJECT, location: LOCATION, plain, ...options });
  const [host, port] = standIn.grpcHost.split(':');
  const grpcOptions = {
    apiEndpoint: host!,
    port: Number(port),
    sslCreds: grpc.credentials.createInsecure(),
    projectId: standIn.project,
    // Without it the clients ask the metadata server which universe their credentials belong to.
    clientOptions: { universeDomain: 'googleapis.com' },
  };
  const read = new v1.BigQueryReadClient(grpcOptions);
  const write = new v1.BigQueryWriteClient(grpcOptions);
  return {
    standIn,
    bigquery: emulatorBigQuery(standIn),
    read,
    write,
    close: async () => {
      await Promise.all([read.close(), write.close()]);
      await standIn.stop();
    },
  };
}

/** A warehouse shared by the tests of one file: started before them, stopped after them. */
export function warehouseOfThisFile(): () => Warehouse {
  let warehouse: Warehouse | undefined;
  before(async () => {
    warehouse = await openWarehouse();
  });
  after(() => warehouse?.close());
  return () => {
    if (warehouse === undefined) throw new Error('the stand-in was not started');
    return warehouse;
  };
}

/** Makes a dataset with a name of its own and returns that name. */
export async function newDataset({ bigquery }: Warehouse, location = LOCATION): Promise<string> {
  const [dataset] = await bigquery.createDataset(uniqueName('ds'), { location });
  return dataset.id!;
}

/** Runs a query and returns its rows. */
export async function rowsOf<Row>({ bigquery }: Warehouse, query: string, params?: object): Promise<Row[]> {
  const [rows] = await bigquery.query({
    query,
    location: LOCATION,
    ...(params === undefined ? {} : { params }),
  });
  return rows as Row[];
}

/** The `projects/…/tables/…` name of a table, as the Storage APIs want it. */
export function tablePath(dataset: string, table: string): string {
  return `projects/${PROJECT}/datasets/${dataset}/tables/${table}`;
}
