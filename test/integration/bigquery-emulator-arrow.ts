// Arrow batches for the Storage APIs: the bare messages that they carry, and rows back from them.
import { tableFromIPC, tableToIPC } from 'apache-arrow';
import type { Table } from 'apache-arrow';
import type { v1 } from '@google-cloud/bigquery-storage';
import { once } from 'node:events';

/** The schema message and the record batch message of a table of one batch. */
export interface ArrowMessages {
  readonly schema: Uint8Array;
  readonly batch: Uint8Array;
}

const MESSAGE_HEAD_BYTES = 8;
const END_OF_STREAM_BYTES = 8;

/** Splits a table's IPC stream into the messages that AppendRows takes. */
export function messagesOf(table: Table): ArrowMessages {
  const stream = tableToIPC(table, 'stream');
  const metadataBytes = new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
  const schemaBytes = MESSAGE_HEAD_BYTES + metadataBytes;
  return {
    schema: stream.subarray(0, schemaBytes),
    batch: stream.subarray(schemaBytes, stream.length - END_OF_STREAM_BYTES),
  };
}

/** One ReadRows response, reduced to what tests look at. */
export interface ReadMessage {
  readonly rowCount: number;
  readonly batch: Uint8Array;
}

/** Reads a stream to its end from an offset. */
export async function readStream(
  client: v1.BigQueryReadClient,
  readStreamName: string,
  offset = 0,
): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  for await (const response of client.readRows({ readStream: readStreamName, offset })) {
    messages.push({
      rowCount: Number(response.rowCount),
      batch: response.arrowRecordBatch.serializedRecordBatch as Uint8Array,
    });
  }
  return messages;
}

/** Puts the session's schema in front of batches, as any Arrow reader expects them. */
export function tableOf(schema: Uint8Array, messages: readonly ReadMessage[]): Table {
  return tableFromIPC(Buffer.concat([schema, ...messages.map((message) => message.batch)]));
}

/** One request of an AppendRows call. */
export interface Append {
  readonly rows: Table;
  readonly offset?: number;
  /** Leaves the writer schema out, as all but the first request of a connection may. */
  readonly withoutSchema?: boolean;
}

/** Sends appends over one connection, one after the other, and returns the responses. */
export async function appendRows(
  client: v1.BigQueryWriteClient,
  writeStream: string,
  appends: readonly Append[],
): Promise<AppendResponse[]> {
  const connection = client.appendRows();
  // Until the answer to its last append `once` hears of errors; after that a server that is killed may still reset the line.
  connection.on('error', () => undefined);
  const responses: AppendResponse[] = [];
  try {
    for (const append of appends) {
      const { schema, batch } = messagesOf(append.rows);
      connection.write({
        writeStream,
        ...(append.offset === undefined ? {} : { offset: { value: append.offset } }),
        arrowRows: {
          ...(append.withoutSchema === true ? {} : { writerSchema: { serializedSchema: schema } }),
          rows: { serializedRecordBatch: batch },
        },
      });
      const [response] = (await once(connection, 'data')) as [AppendResponse];
      responses.push(response);
    }
  } finally {
    connection.end();
  }
  return responses;
}

/** What the service answers to one append. */
export interface AppendResponse {
  readonly appendResult?: { offset?: { value?: string | number } | null } | null;
  readonly error?: {
    code?: number;
    message?: string;
    details?: { type_url?: string; value?: Uint8Array }[];
  } | null;
}
