// The strict warehouse as a Destination.
import type { ArrowRows } from '../../../src/columnar/arrow-rows.ts';
import type {
  AppendOutcome,
  CommitOutcome,
  Destination,
  LineageCount,
  StreamWriter,
} from '../../../src/etl/destination.ts';
import { TerminalError, TransientError } from '../../../src/job/errors.ts';
import { tableName, type TableRef } from '../../../src/job/table-ref.ts';
import { LINEAGE_CURSOR, LINEAGE_JOB_ID } from '../../../src/job/table-schema.ts';
import { announcedColumns, arrowTypeName, rowsOf, type Row } from './arrow-rows.ts';
import { stagingOperations } from './staging-side.ts';
import type { StoredTable } from './stored-table.ts';
import type { StrictWarehouse } from './strict-warehouse.ts';
import type { WriteStream } from './write-stream.ts';

/** The destination port for one caller. */
export function strictDestination(warehouse: StrictWarehouse, caller: string): Destination {
  const perform = warehouse.performAs(caller);
  const { log } = warehouse;
  return {
    ...stagingOperations(warehouse, caller),
    datasetLocation: (table) => perform('datasetLocation', () => warehouse.dataset(table)),
    describe: (table) =>
      perform('describe', () => {
        const stored = warehouse.table(table);
        return stored && { table, location: stored.location, schema: stored.schema };
      }),
    createDataset: (table, location) => perform('createDataset', () => warehouse.addDataset(table, location)),
    createTable: ({ table, location, schema }) =>
      perform('createTable', () => {
        if (warehouse.dataset(table) !== location)
          throw new TerminalError(
            'destination_not_found',
            `there is no dataset of ${tableName(table)} in ${location}`,
          );
        if (warehouse.table(table)) return;
        warehouse.addTable(table, schema, location);
        log.record(caller, 'table created', { table: tableName(table) });
      }),
    updateSchema: (table, schema) =>
      perform('updateSchema', () => {
        const stored = existing(warehouse, table);
        const lost = stored.schema.filter(({ name }) => !schema.some((field) => field.name === name));
        if (lost.length > 0) log.violation(caller, `columns were taken from ${tableName(table)}`);
        stored.schema = schema;
      }),
    rowsBeyond: (table, location, lo) =>
      perform('rowsBeyond', () =>
        byLineage(
          queried(warehouse, table, location).rows.filter((row) => {
            const cursor = row[LINEAGE_CURSOR] ?? null;
            return typeof cursor === 'bigint' && (lo === undefined || cursor > lo);
          }),
        ),
      ),
    rowsOf: (table, location, lineage) =>
      perform(
        'rowsOf',
        () =>
          queried(warehouse, table, location).rows.filter((row) => row[LINEAGE_JOB_ID] === lineage).length,
      ),
    createWriteStream: (table) =>
      perform('createWriteStream', () => {
        const { name } = warehouse.openStream(existing(warehouse, table));
        log.record(caller, 'write stream created', { stream: name });
        return name;
      }),
    openWriter: (stream, schema) => new Writer(warehouse, caller, stream, schema),
    finalizeWriteStream: (name) =>
      perform('finalizeWriteStream', () => {
        const stream = warehouse.stream(name);
        if (!stream) return { kind: 'missing' };
        stream.isFinalized = true;
        log.record(caller, 'finalized', { stream: name, rows: stream.rows.length });
        return { kind: 'finalized', rows: stream.rows.length };
      }),
    commitWriteStreams: (table, names) =>
      perform('commitWriteStreams', () => commit(warehouse, caller, table, names)),
    writeStreamState: (name) =>
      perform('writeStreamState', () => {
        const stream = warehouse.stream(name);
        if (!stream) return { kind: 'missing' };
        const { commitTime } = stream;
        return commitTime === undefined ? { kind: 'open' } : { kind: 'committed', commitTime };
      }),
  };
}

/** Appends are carried out in the order in which they were sent; what was not before close() never is. */
class Writer implements StreamWriter {
  readonly #warehouse: StrictWarehouse;
  readonly #caller: string;
  readonly #stream: string;
  readonly #schema: Uint8Array;
  #previous: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(warehouse: StrictWarehouse, caller: string, stream: string, schema: Uint8Array) {
    this.#warehouse = warehouse;
    this.#caller = caller;
    this.#stream = stream;
    this.#schema = schema;
  }

  append(rows: ArrowRows, offset: number): Promise<AppendOutcome> {
    const appended = this.#previous.then(() =>
      this.#warehouse.performAs(this.#caller)('append', () => this.#append(rows, offset)),
    );
    this.#previous = appended.catch(() => undefined);
    return appended;
  }

  close(): void {
    this.#closed = true;
  }

  #append(rows: ArrowRows, offset: number): AppendOutcome {
    if (this.#closed)
      throw new TransientError('warehouse_unavailable', `the writer of ${this.#stream} was closed`);
    const stream = this.#warehouse.stream(this.#stream);
    if (!stream) return { kind: 'stream_lost', message: `${this.#stream} is gone` };
    assertFits(stream.table, this.#schema);
    const { log } = this.#warehouse;
    const before = stream.rows.length;
    const outcome = stream.append(offset, rows.recordBatch, rowsOf(this.#schema, rows), (what) =>
      log.violation(this.#caller, what),
    );
    const appended = stream.rows.length - before;
    log.record(this.#caller, 'append', { stream: this.#stream, offset, outcome: outcome.kind, appended });
    return outcome;
  }
}

/** All or nothing: either every stream of the set is committed by this call, or none is. */
function commit(
  warehouse: StrictWarehouse,
  caller: string,
  table: TableRef,
  names: readonly string[],
): CommitOutcome {
  if (names.length === 0)
    throw new TerminalError('invalid_request', 'an empty set of streams was to be committed');
  const streams = names.map((name) => warehouse.stream(name));
  const known = streams.filter((stream) => stream !== undefined);
  if (known.length === names.length && known.every(isCommitted)) return { kind: 'committed' };
  if (known.some(isCommitted) && !known.every(isCommitted))
    warehouse.log.violation(
      caller,
      `a set was committed that holds a stream of another one: ${names.join(', ')}`,
    );
  if (known.length < names.length || known.some(isCommitted) || !warehouse.table(table))
    return { kind: 'ambiguous', message: `not every stream of ${names.join(', ')} can be committed` };
  const open = known.filter((stream) => !stream.isFinalized);
  if (open.length > 0) {
    warehouse.log.violation(caller, `streams were to be committed before they were finalized`);
    throw new TransientError('warehouse_unavailable', `${open[0]?.name} is not finalized`);
  }
  makeVisible(warehouse, caller, known);
  return { kind: 'committed' };
}

function makeVisible(warehouse: StrictWarehouse, caller: string, streams: readonly WriteStream[]): void {
  const commitTime = warehouse.instant();
  for (const stream of streams) {
    stream.commitTime = commitTime;
    stream.table.add(stream.rows, commitTime);
  }
  const rows = streams.flatMap((stream) => stream.rows);
  warehouse.log.record(caller, 'committed', {
    streams: streams.map(({ name }) => name),
    rows: byLineage(rows),
  });
}

function isCommitted({ commitTime }: WriteStream): boolean {
  return commitTime !== undefined;
}

/** Columns announced that the table lacks, or has under another type, would lose what they hold. */
function assertFits({ schema, table }: StoredTable, announced: Uint8Array): void {
  for (const [name, type] of announcedColumns(announced)) {
    const field = schema.find((candidate) => candidate.name === name);
    if (!field || arrowTypeName(field) !== type)
      throw new TerminalError('schema_drift', `column ${name} ${type} does not fit ${tableName(table)}`);
  }
}

function existing(warehouse: StrictWarehouse, table: TableRef): StoredTable {
  const stored = warehouse.table(table);
  if (stored) return stored;
  throw new TerminalError(
    'destination_not_found',
    `the destination table ${tableName(table)} does not exist`,
  );
}

function queried(warehouse: StrictWarehouse, table: TableRef, location: string): StoredTable {
  const stored = existing(warehouse, table);
  if (stored.location === location) return stored;
  throw new TerminalError('destination_not_found', `${tableName(table)} was asked for in ${location}`);
}

function byLineage(rows: readonly Row[]): readonly LineageCount[] {
  const counts = new Map<string | null, number>();
  for (const row of rows) {
    const lineage = (row[LINEAGE_JOB_ID] ?? null) as string | null;
    counts.set(lineage, (counts.get(lineage) ?? 0) + 1);
  }
  return [...counts].map(([lineage, count]) => ({ lineage, rows: count }));
}
