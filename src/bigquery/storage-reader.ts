/** Reads the rows of a read stream in their order, and goes on at the next row when the connection breaks. */
import type { protos } from '@google-cloud/bigquery-storage';
import { TransientError, type JobError } from '../job/errors.ts';
import type { ArrowRows } from '../columnar/arrow-rows.ts';
import type { ReadSession } from '../etl/source.ts';
import type { Environment } from './environment.ts';
import { GRPC } from './error-reasons.ts';
import { MessageStream } from './message-stream.ts';
import { briefDelayMs } from './retry.ts';

type ReadRowsResponse = protos.google.cloud.bigquery.storage.v1.IReadRowsResponse;

const IDLE_MS = 60_000;
/** Breaks in a row without a single row in between. */
const MAX_FAILURES = 6;

/**
 * The rows from the offset on, as delivered. Broken connections, and silence of a minute, are resumed at the next row; a
 * session that is gone throws TransientError('stream_lost'); an aborted signal throws its reason at once.
 */
export async function* readRows(
  environment: Environment,
  stream: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<ArrowRows> {
  let nextRow = offset;
  let failures = 0;
  for (;;) {
    const messages = openStream(environment, stream, nextRow);
    try {
      for (;;) {
        const rows = await nextRows(environment, messages, stream, signal);
        if (!rows) return;
        nextRow += rows.rowCount;
        failures = 0;
        yield rows;
      }
    } catch (error) {
      if (!(error instanceof BrokenRead)) throw error;
      failures += 1;
      if (failures === MAX_FAILURES) throw error.meaning;
    } finally {
      messages.abandon(new Error('the read was ended'));
    }
    await environment.clock.sleep(briefDelayMs(failures, environment.random), signal);
  }
}

/** The session while its streams can still be read, undefined once it has expired; there is no call that asks, so a row is read. */
export async function resumeReadSession(
  environment: Environment,
  session: ReadSession,
): Promise<ReadSession | undefined> {
  const [stream] = session.streams;
  if (stream === undefined) return session;
  try {
    for await (const _ of readRows(environment, stream, 0, new AbortController().signal)) break;
    return session;
  } catch (error) {
    if (error instanceof TransientError && error.reason === 'stream_lost') return undefined;
    throw error;
  }
}

/** The read can be resumed; or, when it cannot, this is what it means. */
class BrokenRead extends Error {
  readonly meaning: JobError;

  constructor(meaning: JobError) {
    super(meaning.message);
    this.meaning = meaning;
  }
}

function openStream(
  { read }: Environment,
  readStream: string,
  offset: number,
): MessageStream<ReadRowsResponse> {
  return new MessageStream((options) => read.readRows({ readStream, offset }, options));
}

/** The rows of the next message, or undefined after the last. */
async function nextRows(
  environment: Environment,
  messages: MessageStream<ReadRowsResponse>,
  stream: string,
  signal: AbortSignal,
): Promise<ArrowRows | undefined> {
  signal.throwIfAborted();
  const answered = new AbortController();
  const abort = (): void => messages.abandon(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  void environment.clock.sleep(IDLE_MS, answered.signal).then(() => {
    if (!answered.signal.aborted) messages.abandon(idle(environment, stream));
  });
  try {
    for (;;) {
      const message = await messages.next();
      if (!message) return undefined;
      const recordBatch = message.arrowRecordBatch?.serializedRecordBatch;
      const rowCount = Number(message.rowCount ?? 0);
      if (recordBatch instanceof Uint8Array && rowCount > 0) return { recordBatch, rowCount };
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return afterTheEnd(error) ? undefined : brokenRead(environment, stream, error);
  } finally {
    answered.abort();
    signal.removeEventListener('abort', abort);
  }
}

/** An offset beyond the last row: what a read is told that broke after its last row and before its end. */
function afterTheEnd(error: unknown): boolean {
  return codeOf(error) === GRPC.outOfRange;
}

function brokenRead(environment: Environment, stream: string, error: unknown): never {
  if (error instanceof BrokenRead) throw error;
  const doing = `reading the stream ${stream}`;
  const code = codeOf(error);
  const meaning = environment.storageError(error, doing);
  // FAILED_PRECONDITION on a stream that could once be read: its session has expired or its rows are gone.
  if (code === GRPC.notFound || code === GRPC.failedPrecondition) {
    throw new TransientError('stream_lost', meaning.message, { cause: error });
  }
  throw meaning instanceof TransientError && meaning.reason !== 'stream_lost'
    ? new BrokenRead(meaning)
    : meaning;
}

function idle({ storageHost }: Environment, stream: string): BrokenRead {
  const message = `BigQuery (${storageHost}) sent nothing for ${IDLE_MS / 1000} s while reading the stream ${stream}`;
  return new BrokenRead(new TransientError('warehouse_unavailable', message));
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
