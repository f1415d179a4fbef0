/** The life of a PENDING write stream around its rows: created, finalized, asked about. */
import type { protos } from '@google-cloud/bigquery-storage';
import { TerminalError, TransientError } from '../job/errors.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { TableSchema } from '../job/table-schema.ts';
import type { Destination, WriteStreamState } from '../etl/destination.ts';
import type { Environment } from './environment.ts';
import { GRPC } from './error-reasons.ts';
import { fromTimestamp, SINGLE_CALL } from './read-session.ts';
import { patiently } from './retry.ts';
import { storageErrorCodeOf } from './storage-error.ts';
import { tableResource } from './table-ref.ts';
import { describeTable } from './tables.ts';

type FieldProto = protos.google.cloud.bigquery.storage.v1.ITableFieldSchema;

/** The Storage Write API learns of a new table or column in the order of minutes. Source: BigQuery documentation, Storage Write API. */
const PROPAGATION_DELAY_MS = 60_000;

/** A new PENDING stream, made in its turn; the signal ends the waiting for it. Transient while the Write API has yet to learn of the table or of its newest columns. */
export async function createWriteStream(
  environment: Environment,
  table: TableRef,
  signal?: AbortSignal,
): Promise<string> {
  const doing = `creating a write stream for ${tableName(table)}`;
  const request = { parent: tableResource(table), writeStream: { type: 'PENDING' as const } };
  const create = async () => {
    try {
      const [stream] = await environment.write.createWriteStream(request, SINGLE_CALL);
      return stream;
    } catch (error) {
      if (codeOf(error) === GRPC.notFound) return undefined;
      throw environment.storageError(error, doing);
    }
  };
  const answer = await patiently(environment, () => environment.paced('create_write_stream', create, signal));
  const described = await describeTable(environment, table);
  if (!described)
    throw new TerminalError(
      'destination_not_found',
      `the destination table ${tableName(table)} does not exist`,
    );
  if (!answer?.name) throw notPropagated(table, 'the table');
  const missing = missingFields(described.schema, answer.tableSchema?.fields);
  if (missing.length > 0) throw notPropagated(table, `column ${missing.join(', ')}`);
  return answer.name;
}

/** Ends a stream and says how many rows it holds, or that it is gone. */
export async function finalizeWriteStream(
  environment: Environment,
  name: string,
): ReturnType<Destination['finalizeWriteStream']> {
  return patiently(environment, async () => {
    try {
      const [answer] = await environment.write.finalizeWriteStream({ name }, SINGLE_CALL);
      return { kind: 'finalized', rows: Number(answer.rowCount ?? 0) };
    } catch (error) {
      if (isGone(error)) return { kind: 'missing' };
      const meaning = environment.storageError(error, `finalizing the write stream ${name}`);
      // Committed by somebody meanwhile: nothing that this run could do about it would be right.
      if (codeOf(error) === GRPC.failedPrecondition) throw new TransientError('stream_lost', meaning.message);
      throw meaning;
    }
  });
}

/** Whether a stream is open, committed or gone. */
export async function writeStreamState(environment: Environment, name: string): Promise<WriteStreamState> {
  return patiently(environment, async () => {
    try {
      const [stream] = await environment.write.getWriteStream({ name }, SINGLE_CALL);
      const commitTime = fromTimestamp(stream.commitTime);
      // An empty commit time of a PENDING stream means that it is not committed. Source: stream.proto.
      return commitTime === undefined ? { kind: 'open' } : { kind: 'committed', commitTime };
    } catch (error) {
      if (isGone(error)) return { kind: 'missing' };
      throw environment.storageError(error, `asking for the write stream ${name}`);
    }
  });
}

function isGone(error: unknown): boolean {
  const code = storageErrorCodeOf(error);
  return code === 'STREAM_NOT_FOUND' || code === 'TABLE_NOT_FOUND' || codeOf(error) === GRPC.notFound;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function notPropagated(table: TableRef, what: string): TransientError {
  return new TransientError(
    'warehouse_unavailable',
    `${what} of ${tableName(table)} is not yet known to the Storage Write API, which takes minutes after a change`,
    { retryAfterMs: PROPAGATION_DELAY_MS },
  );
}

/** Paths of fields the table has and the Write API does not know; a server that told no schema is taken to know all. */
function missingFields(
  schema: TableSchema,
  known: readonly FieldProto[] | null | undefined,
  parent = '',
): string[] {
  if (!known?.length) return [];
  return schema.flatMap((field) => {
    const path = parent + field.name;
    const match = known.find(({ name }) => name?.toLowerCase() === field.name.toLowerCase());
    return match ? missingFields(field.fields ?? [], match.fields, `${path}.`) : [path];
  });
}
