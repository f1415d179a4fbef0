/** Opens reads of the Storage Read API: a slice at its snapshot, as Arrow, in a few streams. */
import type { protos } from '@google-cloud/bigquery-storage';
import { TerminalError } from '../job/errors.ts';
import { MICROS_PER_SECOND, type Micros } from '../job/instant.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { ReadSession } from '../etl/source.ts';
import type { Environment } from './environment.ts';
import { patiently } from './retry.ts';
import { tableResource } from './table-ref.ts';

type TimestampProto = protos.google.protobuf.ITimestamp;

/** For single calls: no tries of the client's own, which would go on for ten minutes. */
export const SINGLE_CALL = { timeout: 60_000, retry: null };

/** Rows of a stored table: all of them now, unless an earlier instant or a restriction is given. */
export type RowsToRead = {
  readonly table: TableRef;
  readonly snapshot?: Micros;
  readonly rowRestriction?: string;
};

/** A new session for the rows; throws a JobError when the table, the snapshot or the right to read is missing. */
export async function openReadSession(
  environment: Environment,
  rows: RowsToRead,
  maxStreams: number,
): Promise<ReadSession> {
  const doing = `opening a read of ${tableName(rows.table)}`;
  const request = {
    parent: `projects/${environment.settings.projectId}`,
    maxStreamCount: maxStreams,
    readSession: {
      table: tableResource(rows.table),
      dataFormat: 'ARROW' as const,
      ...(rows.snapshot !== undefined && { tableModifiers: { snapshotTime: toTimestamp(rows.snapshot) } }),
      readOptions: {
        ...(rows.rowRestriction !== undefined && { rowRestriction: rows.rowRestriction }),
        arrowSerializationOptions: { bufferCompression: 'COMPRESSION_UNSPECIFIED' as const },
      },
    },
  };
  const session = await patiently(environment, async () => {
    try {
      const [answer] = await environment.read.createReadSession(request, SINGLE_CALL);
      return answer;
    } catch (error) {
      throw environment.storageError(error, doing);
    }
  });
  const schema = session.arrowSchema?.serializedSchema;
  if (!session.name || !(schema instanceof Uint8Array)) {
    throw new TerminalError(
      'unsupported',
      `BigQuery (${environment.storageHost}) opened a read of ${tableName(rows.table)} without an Arrow schema`,
    );
  }
  return {
    name: session.name,
    streams: (session.streams ?? []).flatMap(({ name }) => name ?? []),
    arrowSchema: schema,
    expiresAt: fromTimestamp(session.expireTime) ?? rows.snapshot ?? 0n,
  };
}

/** A protobuf timestamp, exact to the microsecond. */
function toTimestamp(instant: Micros): { seconds: string; nanos: number } {
  const micros = ((instant % MICROS_PER_SECOND) + MICROS_PER_SECOND) % MICROS_PER_SECOND;
  return { seconds: ((instant - micros) / MICROS_PER_SECOND).toString(), nanos: Number(micros) * 1000 };
}

/** The instant of a protobuf timestamp, undefined when it is not set. */
export function fromTimestamp(timestamp: TimestampProto | null | undefined): Micros | undefined {
  if (!timestamp) return undefined;
  return (
    BigInt(String(timestamp.seconds ?? 0)) * MICROS_PER_SECOND +
    BigInt(Math.floor((timestamp.nanos ?? 0) / 1000))
  );
}
