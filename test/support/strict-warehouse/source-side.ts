// The strict warehouse as a Source.
import type { ArrowRows } from '../../../src/columnar/arrow-rows.ts';
import type { ReadSession, Slice, Source } from '../../../src/etl/source.ts';
import { TerminalError, TransientError } from '../../../src/job/errors.ts';
import type { Micros } from '../../../src/job/instant.ts';
import { tableName, type TableRef } from '../../../src/job/table-ref.ts';
import { recordBatch, schemaMessage, type Row } from './arrow-rows.ts';
import { rowTotals, rowTotalsByDay } from './row-totals.ts';
import type { StoredTable } from './stored-table.ts';
import type { Perform, StrictWarehouse } from './strict-warehouse.ts';

/** What a row counts for in estimates. */
export const BYTES_PER_ROW = 100;

/** The source port for one caller. */
export function strictSource(warehouse: StrictWarehouse, caller: string): Source {
  const perform = warehouse.performAs(caller);
  return {
    describe: (table) => perform('describe', () => described(warehouse.table(table))),
    currentTime: (location) =>
      perform('currentTime', () => {
        assertLocation(warehouse.location, location, 'the time');
        return warehouse.instant();
      }),
    survey: (slice) =>
      perform('survey', () => {
        const rows = rowsAt(warehouse, slice);
        const cursors = rows.map((row) => row[slice.cursorField] ?? null);
        const known = cursors.filter((cursor) => typeof cursor === 'bigint');
        const bounded = known.filter((cursor) => slice.lo === undefined || cursor >= slice.lo);
        return {
          maxCursor: bounded.reduce<Micros | undefined>(
            (max, c) => (max === undefined || c > max ? c : max),
            undefined,
          ),
          nullCursors: cursors.length - known.length,
        };
      }),
    estimate: (slice) =>
      perform('estimate', () => {
        const rows = rowsIn(warehouse, slice).length;
        return { rows, bytes: rows * BYTES_PER_ROW };
      }),
    totals: (slice, columns) => perform('totals', () => rowTotals(rowsIn(warehouse, slice), columns)),
    dailyTotals: (slice, columns) =>
      perform('dailyTotals', () => rowTotalsByDay(rowsIn(warehouse, slice), slice.cursorField, columns)),
    openReadSession: (slice, maxStreams) =>
      perform('openReadSession', () => {
        const table = tableAt(warehouse, slice);
        const session = warehouse.openSession(table, rowsIn(warehouse, slice), maxStreams);
        warehouse.log.record(caller, 'read session opened', {
          session: session.name,
          snapshot: slice.snapshot,
        });
        const { name, streams, expiresAt, schema } = session;
        return { name, streams, expiresAt, arrowSchema: schemaMessage(schema) };
      }),
    resumeReadSession: (session) =>
      perform('resumeReadSession', () => (isReadable(warehouse, session) ? session : undefined)),
    readRows: (stream, offset, signal) => readRows(warehouse, perform, stream, offset, signal),
  };
}

async function* readRows(
  warehouse: StrictWarehouse,
  perform: Perform,
  stream: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<ArrowRows> {
  for (let at = offset; ;) {
    signal.throwIfAborted();
    const message = await unlessAborted(
      perform('readRows', () => messageAt(warehouse, stream, at)),
      signal,
    );
    if (!message) return;
    at += message.rowCount;
    yield message;
  }
}

function messageAt(warehouse: StrictWarehouse, stream: string, at: number): ArrowRows | undefined {
  const session = warehouse.sessionOf(stream);
  const rows = session?.rowsOf(stream);
  if (!session || !rows) throw new TransientError('stream_lost', `the session of ${stream} has expired`);
  const some = rows.slice(at, at + warehouse.rowsPerMessage);
  return some.length === 0 ? undefined : recordBatch(session.schema, some);
}

/** A caller that stops waiting for an answer hears nothing of it any more. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function described(table: StoredTable | undefined) {
  return table && { table: table.table, location: table.location, schema: table.schema };
}

type AsOf = Pick<Slice, 'table' | 'location' | 'snapshot' | 'cursorField'>;

function tableAt(warehouse: StrictWarehouse, { table, location, snapshot, cursorField }: AsOf): StoredTable {
  const stored = warehouse.table(table);
  if (!stored) throw notFound(table);
  assertLocation(stored.location, location, tableName(table));
  warehouse.assertReadable(snapshot);
  if (!stored.schema.some(({ name }) => name === cursorField))
    throw new TerminalError('invalid_configuration', `${tableName(table)} has no column ${cursorField}`);
  return stored;
}

function rowsAt(warehouse: StrictWarehouse, slice: AsOf): readonly Row[] {
  return tableAt(warehouse, slice).asOf(slice.snapshot);
}

/** The rows of a slice, as they stood at its snapshot. */
export function rowsIn(warehouse: StrictWarehouse, slice: Slice): readonly Row[] {
  const { lo, hi } = slice.window;
  return rowsAt(warehouse, slice).filter((row) => {
    const cursor = row[slice.cursorField] ?? null;
    return typeof cursor === 'bigint' && (lo === undefined || cursor > lo) && cursor <= hi;
  });
}

function isReadable(warehouse: StrictWarehouse, { streams }: ReadSession): boolean {
  return streams.every((stream) => warehouse.sessionOf(stream) !== undefined);
}

function assertLocation(actual: string, asked: string, what: string): void {
  if (actual !== asked)
    throw new TerminalError('source_not_found', `${what} was asked for in ${asked}, but it is in ${actual}`);
}

function notFound(table: TableRef): TerminalError {
  return new TerminalError('source_not_found', `the source table ${tableName(table)} does not exist`);
}
