// The yardstick of the storage path: the bytes of a table relayed as they come, nothing decoded and nothing checked.
//
//   node --import tsx bench/relay.ts '{"source":{…},"destination":{…},"table":{…},"destinationTable":{…},"streams":2}'
//
// prints one JSON line: rows, bytes, seconds (from opening the read to the commit's answer), clientCpuSeconds, peakRssMb.
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { BigQuery, type BigQueryOptions, type TableMetadata } from '@google-cloud/bigquery';
import { v1 } from '@google-cloud/bigquery-storage';
import { googleAuthLibrary, grpc } from 'google-gax';
import type { TableRef } from '../src/job/table-ref.ts';

/** An emulator, its hosts as host:port. */
export interface RelaySide {
  readonly restHost: string;
  readonly storageHost: string;
  readonly project: string;
}

/** From where to where, in how many streams side by side. */
export interface RelayOptions {
  readonly source: RelaySide;
  readonly destination: RelaySide;
  readonly table: TableRef;
  readonly destinationTable: TableRef;
  readonly streams: number;
}

/** What was moved, and in how long: from opening the read to the answer to the commit. */
export interface Relayed {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
}

type StorageOptions = NonNullable<ConstructorParameters<typeof v1.BigQueryReadClient>[0]>;

/** Appends under way in a stream, as many as the product allows itself. */
const UNANSWERED = 2;
const MIB = 1024 * 1024;
/** Requests stay below the 10 MB that AppendRows takes. */
const MAX_APPEND_BYTES = 9 * MIB;
const CHANNEL_OPTIONS = {
  'grpc-node.flow_control_window': 16 * MIB,
  'grpc.max_receive_message_length': 160 * MIB,
};

/** Makes the destination table as the source is and relays every row into it: read, append to PENDING streams, finalize, commit. */
export async function relayTable(options: RelayOptions): Promise<Relayed> {
  const { source, destination, table, destinationTable, streams } = options;
  await copyTableDefinition(options);
  const read = new v1.BigQueryReadClient(clientOptions(source));
  const write = new v1.BigQueryWriteClient(clientOptions(destination));
  try {
    await Promise.all([read.initialize(), write.initialize()]);
    const startedMs = performance.now();
    const [session] = await read.createReadSession({
      parent: `projects/${source.project}`,
      maxStreamCount: streams,
      readSession: { table: resource(table), dataFormat: 'ARROW' },
    });
    const schema = session.arrowSchema?.serializedSchema as Buffer;
    const parent = resource(destinationTable);
    const moved = await Promise.all(
      (session.streams ?? []).map(async ({ name: readStream }) => {
        const [{ name }] = await write.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
        const writeStream = name!;
        const counted = await relayStream(read, write, readStream!, writeStream, schema);
        await write.finalizeWriteStream({ name: writeStream });
        return { ...counted, writeStream };
      }),
    );
    const writeStreams = moved.map(({ writeStream }) => writeStream);
    const [commit] = await write.batchCommitWriteStreams({ parent, writeStreams });
    if (!commit.commitTime) throw new Error(`not committed: ${JSON.stringify(commit.streamErrors)}`);
    const seconds = (performance.now() - startedMs) / 1000;
    const sum = (count: (stream: { rows: number; bytes: number }) => number): number =>
      moved.reduce((total, stream) => total + count(stream), 0);
    return { rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes), seconds };
  } finally {
    await Promise.all([read.close(), write.close()]);
  }
}

async function relayStream(
  read: v1.BigQueryReadClient,
  write: v1.BigQueryWriteClient,
  readStream: string,
  writeStream: string,
  schema: Buffer,
): Promise<{ rows: number; bytes: number }> {
  const appends: Duplex = write.appendRows();
  let answered = 0;
  let sent = 0;
  let failure: Error | undefined;
  appends.on('data', ({ error }: { error?: { code?: number; message?: string } | null }) => {
    answered += 1;
    if (error?.code) failure = new Error(`append refused: ${error.message}`);
  });
  appends.on('error', (error: Error) => (failure ??= error));
  const answers = async (outstanding: number): Promise<void> => {
    while (sent - answered > outstanding && failure === undefined) await once(appends, 'data');
    if (failure) throw failure;
  };
  let rows = 0;
  let bytes = 0;
  for await (const message of read.readRows({ readStream })) {
    const { rowCount, arrowRecordBatch } = message as ReadMessage;
    const serializedRecordBatch = arrowRecordBatch.serializedRecordBatch;
    if (serializedRecordBatch.length > MAX_APPEND_BYTES) {
      throw new Error(`a batch of ${serializedRecordBatch.length} bytes cannot be relayed without being cut`);
    }
    await answers(UNANSWERED - 1);
    appends.write({
      ...(sent === 0 && { writeStream }),
      offset: { value: rows },
      arrowRows: {
        ...(sent === 0 && { writerSchema: { serializedSchema: schema } }),
        rows: { serializedRecordBatch },
      },
    });
    sent += 1;
    rows += Number(rowCount);
    bytes += serializedRecordBatch.length;
  }
  await answers(0);
  appends.end();
  return { rows, bytes };
}

interface ReadMessage {
  readonly rowCount: string;
  readonly arrowRecordBatch: { readonly serializedRecordBatch: Buffer };
}

async function copyTableDefinition({
  source,
  destination,
  table,
  destinationTable,
}: RelayOptions): Promise<void> {
  const [definition] = await restClient(source).dataset(table.dataset).table(table.table).getMetadata();
  const { schema, location } = definition as TableMetadata;
  const dataset = restClient(destination).dataset(destinationTable.dataset);
  const [exists] = await dataset.exists();
  if (!exists) await dataset.create({ location });
  await dataset.createTable(destinationTable.table, { schema: schema! });
}

function restClient({ restHost, project }: RelaySide): BigQuery {
  const authClient: unknown = new googleAuthLibrary.PassThroughClient();
  return new BigQuery({
    projectId: project,
    apiEndpoint: `http://${restHost}`,
    authClient: authClient as NonNullable<BigQueryOptions['authClient']>,
  });
}

function clientOptions({ storageHost, project }: RelaySide): StorageOptions {
  const colon = storageHost.lastIndexOf(':');
  const authClient: unknown = new googleAuthLibrary.PassThroughClient();
  return {
    projectId: project,
    apiEndpoint: storageHost.slice(0, colon),
    port: Number(storageHost.slice(colon + 1)),
    sslCreds: grpc.credentials.createInsecure(),
    auth: new googleAuthLibrary.GoogleAuth({ authClient: authClient as googleAuthLibrary.AuthClient }),
    ...CHANNEL_OPTIONS,
  };
}

function resource({ project, dataset, table }: TableRef): string {
  return `projects/${project}/datasets/${dataset}/tables/${table}`;
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const relayed = await relayTable(JSON.parse(argv[2] ?? '{}') as RelayOptions);
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { clientCpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssMb: maxRSS / 1024 };
  console.log(JSON.stringify({ ...relayed, ...usage }));
}
