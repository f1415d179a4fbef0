/** Commits a recorded set of write streams, and finds out what became of it whenever the answer leaves that open. */
import type { protos } from '@google-cloud/bigquery-storage';
import { TerminalError, TransientError, type JobError } from '../job/errors.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { CommitOutcome } from '../etl/destination.ts';
import type { Environment } from './environment.ts';
import { GRPC } from './error-reasons.ts';
import { SINGLE_CALL } from './read-session.ts';
import { briefDelayMs } from './retry.ts';
import { storageErrorCode, storageErrorCodeOf, type StorageErrorCode } from './storage-error.ts';
import { tableResource } from './table-ref.ts';
import { writeStreamState } from './write-streams.ts';

type CommitResponse = protos.google.cloud.bigquery.storage.v1.IBatchCommitWriteStreamsResponse;

/** What one try came to. */
type Try =
  | CommitOutcome
  /** Refused for good: whether an earlier try committed must be looked for. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The reply was lost or the service is in trouble: it may have been committed or not. */
  | { readonly kind: 'unknown'; readonly error: JobError };

const TRIES = 4;

/** Refusals after which the set can never be committed any more. */
const GONE: readonly (StorageErrorCode | undefined)[] = [
  'STREAM_NOT_FOUND',
  'INVALID_STREAM_STATE',
  'TABLE_NOT_FOUND',
  'STREAM_ALREADY_COMMITTED',
];

/**
 * Makes all streams of the set visible at once, or finds that they are. Safe to repeat: streams cannot be committed twice,
 * and no stream is committed unless all are. Throws a TransientError while the outcome stays unknown.
 */
export async function commitWriteStreams(
  environment: Environment,
  table: TableRef,
  streams: readonly string[],
): Promise<CommitOutcome> {
  if (streams.length === 0) {
    throw new TerminalError(
      'invalid_request',
      `an empty set of streams was to be committed to ${tableName(table)}`,
    );
  }
  for (let failures = 1; ; failures += 1) {
    const outcome = await tryCommit(environment, table, streams);
    if (outcome.kind === 'committed' || outcome.kind === 'ambiguous') return outcome;
    if (outcome.kind === 'refused') return evidence(environment, streams, outcome.message);
    if (await wasCommitted(environment, streams)) return { kind: 'committed' };
    if (failures === TRIES) throw outcome.error;
    await environment.clock.sleep(briefDelayMs(failures, environment.random));
  }
}

async function tryCommit(
  environment: Environment,
  table: TableRef,
  streams: readonly string[],
): Promise<Try> {
  const request = { parent: tableResource(table), writeStreams: [...streams] };
  try {
    const [response] = await environment.write.batchCommitWriteStreams(request, SINGLE_CALL);
    return readResponse(response, streams.length);
  } catch (thrown) {
    const error = environment.storageError(
      thrown,
      `committing ${streams.length} streams to ${tableName(table)}`,
    );
    const { code } = thrown as { readonly code?: unknown };
    const gone =
      GONE.includes(storageErrorCodeOf(thrown)) || code === GRPC.notFound || code === GRPC.failedPrecondition;
    if (gone) return { kind: 'refused', message: error.message };
    if (error instanceof TransientError) return { kind: 'unknown', error };
    throw error;
  }
}

/** A commit time means committed; so does that every stream of the set had been before, not only every stream complained of. */
function readResponse({ commitTime, streamErrors }: CommitResponse, setSize: number): Try {
  if (commitTime) return { kind: 'committed' };
  const errors = (streamErrors ?? []).map((error) => ({ ...error, code: storageErrorCode(error) }));
  const message = errors
    .map(({ code, entity, errorMessage }) => `${code} ${entity}: ${errorMessage}`)
    .join('; ');
  if (errors.length === 0)
    return { kind: 'refused', message: 'neither a commit time nor an error was answered' };
  const before = errors.filter(({ code }) => code === 'STREAM_ALREADY_COMMITTED');
  if (before.length === setSize) return { kind: 'committed' };
  if (errors.some(({ code }) => GONE.includes(code))) return { kind: 'refused', message };
  return {
    kind: 'unknown',
    error: new TransientError('warehouse_unavailable', `the commit was refused: ${message}`),
  };
}

/**
 * What the streams themselves say: one commit time is all of them, since a set is committed as a whole. One stream committed
 * beside one that is not contradicts that, so nothing is concluded from it.
 */
async function evidence(
  environment: Environment,
  streams: readonly string[],
  why: string,
): Promise<CommitOutcome> {
  const states = await Promise.all(streams.map((stream) => writeStreamState(environment, stream)));
  const kinds = states.map(({ kind }) => kind);
  if (kinds.includes('committed') && !kinds.includes('open')) return { kind: 'committed' };
  const seen = streams.map((stream, i) => `${stream} is ${kinds[i]}`).join(', ');
  return { kind: 'ambiguous', message: `the streams cannot be committed (${why}); ${seen}` };
}

/** Whether a lost try had its effect; a service that cannot say so either leaves it to the next try. */
async function wasCommitted(environment: Environment, streams: readonly string[]): Promise<boolean> {
  try {
    const states = await Promise.all(streams.map((stream) => writeStreamState(environment, stream)));
    return states.every(({ kind }) => kind === 'committed');
  } catch (error) {
    if (error instanceof TransientError) return false;
    throw error;
  }
}
