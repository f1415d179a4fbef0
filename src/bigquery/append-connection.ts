/** One AppendRows call: requests out, answers in, in the same order. */
import { Buffer } from 'node:buffer';
import type { ArrowRows } from '../columnar/arrow-rows.ts';
import type { AppendRowsResponse } from './append-answer.ts';
import type { Environment } from './environment.ts';

/** What happens on a connection; nothing is told any more once it was closed. */
export type ConnectionEvents = {
  readonly answered: (response: AppendRowsResponse) => void;
  /** There is room again after send() returned false. */
  readonly drained: () => void;
  /** The connection is over; no answer will come any more. */
  readonly broken: (error: unknown) => void;
};

/** A connection for appending to one stream. */
export type AppendConnection = {
  /** Sends rows to be placed at the offset; false when the next ones should wait for drained(). */
  send(rows: ArrowRows, offset: number): boolean;
  close(): void;
};

const TRACE_ID = 'pulse-billing-etl';

/** Opens a connection; that it cannot be made is told as broken(). */
export function openAppendConnection(
  { write }: Environment,
  stream: string,
  arrowSchema: Uint8Array,
  events: ConnectionEvents,
): AppendConnection {
  // Routes the call to where the stream lives; a bidirectional call is not routed by the client itself.
  const headers = { 'x-goog-request-params': `write_stream=${encodeURIComponent(stream)}` };
  const call = write.appendRows({ otherArgs: { headers } });
  let closed = false;
  let first = true;
  const unlessClosed =
    <A extends unknown[]>(act: (...args: A) => void) =>
    (...args: A): void => {
      if (!closed) act(...args);
    };
  call.on('data', unlessClosed(events.answered));
  call.on('drain', unlessClosed(events.drained));
  call.on('error', unlessClosed(events.broken));
  call.on(
    'end',
    unlessClosed(() => events.broken(new Error('socket hang up: BigQuery ended the connection'))),
  );
  return {
    send(rows, offset) {
      // Stream and schema hold for the whole connection, so only its first request carries them.
      const once = first ? { writeStream: stream, traceId: TRACE_ID } : {};
      const writerSchema = first ? { writerSchema: { serializedSchema: asBuffer(arrowSchema) } } : {};
      first = false;
      return call.write({
        ...once,
        offset: { value: offset },
        arrowRows: { ...writerSchema, rows: { serializedRecordBatch: asBuffer(rows.recordBatch) } },
      });
    },
    close() {
      if (closed) return;
      closed = true;
      call.cancel();
    },
  };
}

/** The same bytes as the class the encoder copies fastest. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
