/** A folder of CSV or Parquet files as a Source: the second source, and the pattern for others. */
import { encodeRows } from '../../columnar/encode-rows.ts';
import { tableSchemaMessage } from '../../columnar/table-schema-message.ts';
import type { ArrowRows } from '../../columnar/arrow-rows.ts';
import type { Row } from '../../columnar/row-value.ts';
import type { ReadSession, Slice, Source, Survey, VerifiedColumns } from '../../etl/source.ts';
import { TerminalError, TransientError } from '../../job/errors.ts';
import { dayText, MICROS_PER_SECOND, type Micros } from '../../job/instant.ts';
import { tableName, type TableRef } from '../../job/table-ref.ts';
import type { TableSchema } from '../../job/table-schema.ts';
import { addTotals, type DayTotals, type Totals } from '../../job/totals.ts';
import { filesAt, fingerprintOf, folderOf, type DataFile } from './file-folder.ts';
import { parseStreamName, streamName } from './read-stream-name.ts';
import { rowTotals } from './row-totals.ts';
import { cursorOf, rowsOfFile, rowsWithin, tableSchema } from './table-rows.ts';

/** Where files lie is no place BigQuery knows; it never equals a dataset's location. */
const LOCATION = 'files';
/** Files do not expire; a session is looked at again when a copy is older than this. */
const SESSION_MICROS = 6n * 3600n * MICROS_PER_SECOND;

/** The source's settings. */
export type FilesSettings = {
  /** The folder that holds `<project>/<dataset>/<table>/*.csv|parquet`. */
  readonly root: string;
  /** Microseconds since 1970 by the clock that also stamps the files. */
  readonly now: () => Micros;
};

type Table = {
  readonly files: readonly DataFile[];
  readonly schema: TableSchema;
};

/** Reads tables that are folders of files. A file must not change once it is there; what comes later is new. */
export function filesSource({ root, now }: FilesSettings): Source {
  const tableAt = async (table: TableRef, snapshot?: Micros): Promise<Table | undefined> => {
    const folder = folderOf(root, table);
    const files = await filesAt(folder, snapshot);
    const schema = files && (await tableSchema(folder, files));
    return files && schema && { files, schema };
  };
  const existing = async (table: TableRef, snapshot: Micros): Promise<Table> =>
    (await tableAt(table, snapshot)) ?? missing(table, folderOf(root, table));
  return {
    async describe(table) {
      const found = await tableAt(table);
      return found && { table, location: LOCATION, schema: found.schema };
    },
    currentTime: () => Promise.resolve(now()),
    survey: async (slice) => survey(await existing(slice.table, slice.snapshot), slice),
    estimate: async (slice) => estimate(await existing(slice.table, slice.snapshot), slice),
    async totals(slice, columns) {
      const { files, schema } = await existing(slice.table, slice.snapshot);
      let totals = addTotals([]);
      for await (const rows of rowsWithin(files, schema, slice))
        totals = addTotals([totals, rowTotals(rows, columns)]);
      return totals;
    },
    dailyTotals: async (slice, columns) =>
      dailyTotals(await existing(slice.table, slice.snapshot), slice, columns),
    async openReadSession(slice, maxStreams) {
      const table = await existing(slice.table, slice.snapshot);
      const { rows } = await estimate(table, slice);
      return readSession(table, slice, rows === 0 ? 0 : Math.min(maxStreams, table.files.length));
    },
    async resumeReadSession(session) {
      const { slice, fingerprint } = parseStreamName(session.name);
      const files = await filesAt(folderOf(root, slice.table), slice.snapshot);
      return files && fingerprintOf(files) === fingerprint ? session : undefined;
    },
    async *readRows(stream, offset, signal) {
      const name = parseStreamName(stream);
      const table = await existing(name.slice.table, name.slice.snapshot);
      if (fingerprintOf(table.files) !== name.fingerprint)
        throw new TransientError('stream_lost', `the files of ${tableName(name.slice.table)} have changed`);
      const mine = table.files.filter((_, i) => i % name.count === name.index);
      yield* encodedFrom(offset, { ...table, files: mine }, name.slice, signal);
    },
  };
}

/** Days are those of the cursor in UTC. */
async function dailyTotals(
  { files, schema }: Table,
  slice: Slice,
  columns: VerifiedColumns,
): Promise<readonly DayTotals[]> {
  const cursor = cursorOf(schema, slice.cursorField);
  const dayOf = (row: Row): string => dayText(cursor(row) ?? 0n);
  const byDay = new Map<string, Totals>();
  for await (const rows of rowsWithin(files, schema, slice))
    for (const day of new Set(rows.map(dayOf))) {
      const ofDay = rows.filter((row) => dayOf(row) === day);
      byDay.set(day, addTotals([byDay.get(day) ?? [], rowTotals(ofDay, columns)]));
    }
  return [...byDay].map(([day, totals]) => ({ day, totals })).sort((a, b) => (a.day < b.day ? -1 : 1));
}

async function survey({ files, schema }: Table, slice: Parameters<Source['survey']>[0]): Promise<Survey> {
  const cursor = cursorOf(schema, slice.cursorField);
  let maxCursor: Micros | undefined;
  let nullCursors = 0;
  for (const file of files)
    for await (const rows of rowsOfFile(file, schema))
      for (const row of rows) {
        const at = cursor(row);
        if (at === undefined) nullCursors += 1;
        else if ((slice.lo === undefined || at >= slice.lo) && (maxCursor === undefined || at > maxCursor))
          maxCursor = at;
      }
  return { maxCursor, nullCursors };
}

async function estimate({ files, schema }: Table, slice: Slice): ReturnType<Source['estimate']> {
  let rows = 0;
  for await (const some of rowsWithin(files, schema, slice)) rows += some.length;
  return { rows, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function readSession({ files, schema }: Table, slice: Slice, count: number): ReadSession {
  const fingerprint = fingerprintOf(files);
  const name = (index: number): string => streamName({ slice, fingerprint, index, count });
  return {
    name: name(0),
    streams: Array.from({ length: count }, (_, index) => name(index)),
    arrowSchema: tableSchemaMessage(schema),
    expiresAt: slice.snapshot + SESSION_MICROS,
  };
}

/** Rows are read from the first on and those before the offset dropped: a text file has no other way in. */
async function* encodedFrom(
  offset: number,
  { files, schema }: Table,
  slice: Slice,
  signal: AbortSignal,
): AsyncGenerator<ArrowRows> {
  let toSkip = offset;
  for await (const rows of rowsWithin(files, schema, slice)) {
    signal.throwIfAborted();
    const wanted = rows.slice(toSkip);
    toSkip -= rows.length - wanted.length;
    if (wanted.length > 0) yield encodeRows(schema, wanted);
  }
}

function missing(table: TableRef, folder: string): never {
  throw new TerminalError(
    'source_not_found',
    `${tableName(table)} has no files: ${folder} is missing or empty`,
  );
}
