// A warehouse in memory that behaves as BigQuery is documented to, and is strict about what a correct client never does.
import type { Clock } from '../../../src/job/clock.ts';
import type { CommitJobOutcome } from '../../../src/etl/destination.ts';
import { TerminalError, TransientError, type JobError } from '../../../src/job/errors.ts';
import type { Micros } from '../../../src/job/instant.ts';
import { tableName, type TableRef } from '../../../src/job/table-ref.ts';
import type { TableSchema } from '../../../src/job/table-schema.ts';
import type { Row } from './arrow-rows.ts';
import type { FaultScript, Operation } from './faults.ts';
import { OracleLog } from './oracle-log.ts';
import { StoredSession } from './read-session.ts';
import { StoredTable } from './stored-table.ts';
import { WriteStream } from './write-stream.ts';

export type StrictWarehouseOptions = {
  readonly project: string;
  /** Where datasets made by a test are. */
  readonly location: string;
  readonly clock: Pick<Clock, 'sleep'>;
  /** The warehouse's own time. */
  readonly now: () => Micros;
  /** Shared between warehouses whose effects are to be in one order. */
  readonly log?: OracleLog;
  /** Rows of one message of a read stream. */
  readonly rowsPerMessage?: number;
};

const HOUR = 3_600_000_000n;
/** Source: BigQuery documentation: a read session can be read for six hours, a table's past for seven days. */
const SESSION_LIFE = 6n * HOUR;
const TIME_TRAVEL = 7n * 24n * HOUR;

/** Carries out calls on behalf of one caller. */
export type Perform = <T>(operation: Operation, work: () => T) => Promise<T>;

/** One project in one location; strictSource() and strictDestination() are its ports. */
export class StrictWarehouse {
  readonly log: OracleLog;
  readonly rowsPerMessage: number;
  readonly project: string;
  readonly location: string;
  /** What goes wrong; by default nothing. */
  faults: FaultScript = () => undefined;
  /** What the next commit job that is inserted ends with, without any effect. */
  jobError: JobError | undefined;
  /** Why no commit job may be inserted now; jobs that are there go on. */
  jobRefusal: JobError | undefined;
  /** Jobs by id; an id is used up by its first job. */
  readonly jobs = new Map<
    string,
    { readonly configurationHash: string; readonly outcome: CommitJobOutcome }
  >();
  readonly #options: StrictWarehouseOptions;
  readonly #datasets = new Map<string, string>();
  readonly #tables = new Map<string, StoredTable>();
  readonly #sessions = new Map<string, StoredSession>();
  readonly #streams = new Map<string, WriteStream>();
  readonly #calls = new Map<Operation, number>();
  readonly #denied = new Set<string>();
  #lastInstant: Micros = 0n;
  #names = 0;

  constructor(options: StrictWarehouseOptions) {
    this.#options = options;
    this.project = options.project;
    this.location = options.location;
    this.log = options.log ?? new OracleLog();
    this.rowsPerMessage = options.rowsPerMessage ?? 4;
  }

  // What a test does to it.

  /** A table that is there from now on, with its dataset. */
  addTable(table: TableRef, schema: TableSchema, location = this.location): void {
    this.#datasets.set(datasetName(table), location);
    this.#tables.set(tableName(table), new StoredTable(table, location, schema));
  }

  /** Rows that can be seen from now on, all at once. */
  addRows(table: TableRef, rows: readonly Row[]): void {
    this.existing(table).add(rows, this.instant());
  }

  dropTable(table: TableRef): void {
    this.#tables.delete(tableName(table));
  }

  /** Names of the tables there are. */
  tables(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** The rows anybody sees now. */
  rows(table: TableRef): readonly Row[] {
    return this.existing(table).rows;
  }

  /** Everything of this caller is refused from now on, or until allow(). */
  deny(caller: string): void {
    this.#denied.add(caller);
  }

  allow(caller: string): void {
    this.#denied.delete(caller);
  }

  /** Read sessions opened so far can be read no more. */
  loseReadSessions(): void {
    this.#sessions.clear();
  }

  /** Streams that are not committed are gone, with their rows; those committed are known as such for as long as they are remembered. */
  loseWriteStreams({ forgetCommitted = false } = {}): void {
    for (const [name, stream] of this.#streams)
      if (forgetCommitted || stream.commitTime === undefined) this.#streams.delete(name);
  }

  get hasReadSessions(): boolean {
    return this.#sessions.size > 0;
  }

  /** Whether a write stream is known that is committed, or one that is not. */
  hasWriteStreams(committed: boolean): boolean {
    for (const { commitTime } of this.#streams.values())
      if ((commitTime !== undefined) === committed) return true;
    return false;
  }

  // What the two sides are made of.

  /** Later than every instant before. */
  instant(): Micros {
    const now = this.#options.now();
    this.#lastInstant = now > this.#lastInstant ? now : this.#lastInstant + 1n;
    return this.#lastInstant;
  }

  /** Carries calls out, each in one step unless a fault is scripted for it. */
  performAs(caller: string): Perform {
    return (operation, work) => this.#perform(caller, operation, work);
  }

  async #perform<T>(caller: string, operation: Operation, work: () => T): Promise<T> {
    const count = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, count);
    const fault = this.faults({ operation, caller, count });
    this.log.record(caller, 'call', { operation, count, fault: fault?.kind });
    if (fault?.delayMs !== undefined) await this.#options.clock.sleep(fault.delayMs);
    // A call never answers before the caller goes on.
    await Promise.resolve();
    if (this.#denied.has(caller))
      throw new TerminalError('access_denied', `${caller} may not use ${this.project}`);
    if (fault?.kind === 'request_lost') throw fault.error;
    if (fault?.kind === 'answered') return fault.answer as T;
    const result = work();
    if (fault?.kind === 'reply_lost') throw fault.error;
    return result;
  }

  dataset(table: TableRef): string | undefined {
    return this.#datasets.get(datasetName(table));
  }

  addDataset(table: TableRef, location: string): void {
    if (!this.#datasets.has(datasetName(table))) this.#datasets.set(datasetName(table), location);
  }

  table(table: TableRef): StoredTable | undefined {
    return this.#tables.get(tableName(table));
  }

  existing(table: TableRef): StoredTable {
    const stored = this.table(table);
    if (!stored) throw new Error(`${tableName(table)} is not in this warehouse`);
    return stored;
  }

  openSession(table: StoredTable, rows: readonly Row[], maxStreams: number): StoredSession {
    this.#names += 1;
    const session = new StoredSession(
      this.#names,
      table.schema,
      rows,
      maxStreams,
      this.instant() + SESSION_LIFE,
    );
    this.#sessions.set(session.name, session);
    return session;
  }

  /** The session a stream belongs to, as long as it can be read. */
  sessionOf(stream: string): StoredSession | undefined {
    const session = this.#sessions.get(stream.replace(/\/streams\/.*$/, ''));
    return session && session.expiresAt > this.instant() ? session : undefined;
  }

  openStream(table: StoredTable): WriteStream {
    this.#names += 1;
    const stream = new WriteStream(`${tableName(table.table)}/streams/${this.#names}`, table);
    this.#streams.set(stream.name, stream);
    return stream;
  }

  stream(name: string): WriteStream | undefined {
    return this.#streams.get(name);
  }

  /** Throws TransientError `snapshot_expired` for an instant beyond time travel. */
  assertReadable(snapshot: Micros): void {
    const now = this.instant();
    if (snapshot >= now) throw new TerminalError('invalid_request', 'a snapshot lies in the future');
    if (snapshot < now - TIME_TRAVEL)
      throw new TransientError('snapshot_expired', 'Invalid snapshot time: it is older than seven days');
  }
}

function datasetName({ project, dataset }: TableRef): string {
  return `${project}.${dataset}`;
}
