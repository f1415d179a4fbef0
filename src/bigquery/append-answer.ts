/** Says what an answer to an append, or the end of the connection it travelled on, means for its rows. */
import type { protos } from '@google-cloud/bigquery-storage';
import { TerminalError, TransientError, type JobError } from '../job/errors.ts';
import type { AppendOutcome } from '../etl/destination.ts';
import type { Environment } from './environment.ts';
import { GRPC } from './error-reasons.ts';
import { storageErrorCodeIn, storageErrorCodeOf, type StorageErrorCode } from './storage-error.ts';

export type AppendRowsResponse = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;

/** Settled one way or the other, or to be sent again. */
export type AppendAnswer =
  | AppendOutcome
  | { readonly kind: 'failed'; readonly error: JobError }
  | { readonly kind: 'again'; readonly error: TransientError };

/** The append an answer is for. */
export type AnsweredAppend = { readonly stream: string; readonly offset: number; readonly rowCount: number };

const STREAM_IS_OVER: readonly (StorageErrorCode | undefined)[] = [
  'STREAM_FINALIZED',
  'STREAM_ALREADY_COMMITTED',
  'STREAM_NOT_FOUND',
  'INVALID_STREAM_STATE',
];

/** Reads an answer; a refusal arrives in it as a value, not as an error of the call. */
export function readAnswer(
  environment: Environment,
  append: AnsweredAppend,
  { error, rowErrors }: AppendRowsResponse,
): AppendAnswer {
  const [rowError] = rowErrors ?? [];
  if (rowError) return rejected(append, Number(rowError.index ?? 0), rowError.message ?? 'no message');
  if (!error?.code) return { kind: 'acknowledged' };
  const status = { code: error.code, message: error.message ?? 'no message' };
  return meaning(environment, append, status, storageErrorCodeIn(error.details));
}

/** Reads the error a connection ended in, as the answer to the oldest append that had none. */
export function readBreak(environment: Environment, append: AnsweredAppend, thrown: unknown): AppendAnswer {
  const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown };
  const status = { code: typeof code === 'number' ? code : undefined, message: String(message) };
  return meaning(environment, append, status, storageErrorCodeOf(thrown), thrown);
}

function meaning(
  environment: Environment,
  append: AnsweredAppend,
  { code, message }: { readonly code: number | undefined; readonly message: string },
  storageCode: StorageErrorCode | undefined,
  thrown: unknown = { code, message },
): AppendAnswer {
  const where = `at row ${append.offset} of ${append.stream}`;
  if (storageCode === 'OFFSET_ALREADY_EXISTS' || code === GRPC.alreadyExists) return { kind: 'acknowledged' };
  if (storageCode === 'OFFSET_OUT_OF_RANGE' || code === GRPC.outOfRange) {
    return { kind: 'out_of_range', message: `BigQuery refused rows ${where}: ${message}` };
  }
  if (storageCode === 'SCHEMA_MISMATCH_EXTRA_FIELDS') return schemaDrift(where, message);
  if (storageCode === 'TABLE_NOT_FOUND') {
    const error = new TerminalError(
      'destination_not_found',
      `the destination table is gone (${where}): ${message}`,
    );
    return { kind: 'failed', error };
  }
  // A precondition without a code of its own is the stream's state: an append has no other.
  if (STREAM_IS_OVER.includes(storageCode) || code === GRPC.notFound || code === GRPC.failedPrecondition) {
    return { kind: 'stream_lost', message: `BigQuery takes no more rows ${where}: ${message}` };
  }
  if (code === GRPC.invalidArgument) {
    return /schema/i.test(message) ? schemaDrift(where, message) : rejected(append, 0, message);
  }
  const error = environment.storageError(thrown, `appending ${append.rowCount} rows ${where}`);
  return error instanceof TransientError ? { kind: 'again', error } : { kind: 'failed', error };
}

function schemaDrift(where: string, message: string): AppendAnswer {
  const text = `the rows do not fit the schema of the destination table (${where}): ${message}`;
  return { kind: 'failed', error: new TerminalError('schema_drift', text) };
}

function rejected({ stream, offset }: AnsweredAppend, index: number, message: string): AppendAnswer {
  const text = `BigQuery rejected row ${offset + index} of ${stream}: ${message}`;
  return { kind: 'failed', error: new TerminalError('row_rejected', text) };
}
