/** The port to where the copy is written: the few operations a run needs of it. */
import type { JobCommitSet } from '../job/commit-set.ts';
import type { JobError } from '../job/errors.ts';
import type { Micros } from '../job/instant.ts';
import type { Window } from '../job/job.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { TableSchema } from '../job/table-schema.ts';
import type { DayTotals, Totals } from '../job/totals.ts';
import type { ArrowRows } from '../columnar/arrow-rows.ts';
import type { Slice, VerifiedColumns } from './source.ts';

/** A destination table as it is. */
export type DestinationTable = {
  readonly table: TableRef;
  readonly location: string;
  readonly schema: TableSchema;
};

/** A destination table as it must be made. */
export type NewTable = {
  readonly table: TableRef;
  readonly location: string;
  readonly schema: TableSchema;
  /** TIMESTAMP, DATE or DATETIME column the table is partitioned by, by day. */
  readonly partitionField: string;
  readonly clusteringFields: readonly string[];
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
};

/** What became of one append, as the destination says it. */
export type AppendOutcome =
  /** The rows are in the stream, now or from an earlier try. */
  | { readonly kind: 'acknowledged' }
  /** The offset lies beyond the stream's end: rows before it never arrived. */
  | { readonly kind: 'out_of_range'; readonly message: string }
  /** The stream is finalized, committed, expired or gone. */
  | { readonly kind: 'stream_lost'; readonly message: string };

/** One connection appending to one write stream, in order. Appends may be outstanding; each resolves by itself. */
export type StreamWriter = {
  /** Sends rows to be placed at the offset, retrying what is transient; rejects with a JobError for a rejected row or a schema that does not fit. */
  append(rows: ArrowRows, offset: number): Promise<AppendOutcome>;
  /** Frees the connection. Never fails. */
  close(): void;
};

/** What is known of a write stream. */
export type WriteStreamState =
  | { readonly kind: 'open' }
  | { readonly kind: 'committed'; readonly commitTime: Micros }
  | { readonly kind: 'missing' };

/** What became of committing a set of streams. */
export type CommitOutcome =
  /** All rows of the set are visible; by this call or an earlier one. */
  | { readonly kind: 'committed' }
  /** The set cannot be committed any more and was not seen committed; rows must be looked for. */
  | { readonly kind: 'ambiguous'; readonly message: string };

/** The rows of one organization whose `_etl_cursor` lies in a window. */
export type ReplacedRows = { readonly organizationId: string; readonly window: Window };

/** Rows that wait in a staging table, and how they become visible all at once. */
export type StagedRows = {
  readonly staging: TableRef;
  readonly table: TableRef;
  /** Columns that are carried over; any other column of the table stays NULL. */
  readonly columns: readonly string[];
  /** Whether write streams filled the staging table rather than a query. */
  readonly streamed: boolean;
  /** How many were decided on: of streamed rows any other number in the staging table makes the job fail without effect. */
  readonly rows: number;
  /** Undefined: the rows are added. Otherwise all rows of these take their place. */
  readonly replaces?: ReplacedRows | undefined;
};

/** A job as it will be recorded and inserted. */
export type CommitJob = Pick<JobCommitSet, 'configuration' | 'configurationHash'>;

/** What became of a recorded job. */
export type CommitJobOutcome =
  /** It has ended and its effect is visible, by this call or an earlier one. */
  | { readonly kind: 'done' }
  /** It has ended without any effect, and its id is used up. */
  | { readonly kind: 'failed'; readonly error: JobError }
  /** Its insertion is refused for good, and there is no job of its id. */
  | { readonly kind: 'refused'; readonly error: JobError }
  /** The id belongs to a job that was never ours. */
  | { readonly kind: 'foreign'; readonly message: string };

/** Rows in the destination by the job that wrote them. */
export type LineageCount = { readonly lineage: string | null; readonly rows: number };

/** Where the copy is written. Errors thrown are JobErrors; expected outcomes are values. */
export type Destination = {
  /** Location of the dataset, or undefined when it does not exist. */
  datasetLocation(table: TableRef): Promise<string | undefined>;
  /** The table as it is, or undefined when it does not exist. */
  describe(table: TableRef): Promise<DestinationTable | undefined>;
  /** Makes the dataset; a dataset that is there by now is fine. */
  createDataset(table: TableRef, location: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Makes the table; a table that is there by now is fine. */
  createTable(table: NewTable): Promise<void>;
  /** Gives the table this schema, which only adds nullable fields and relaxes REQUIRED. */
  updateSchema(table: TableRef, schema: TableSchema): Promise<void>;
  /** Rows whose `_etl_cursor` lies beyond lo (all rows with a cursor for undefined), by lineage. */
  rowsBeyond(table: TableRef, location: string, lo: Micros | undefined): Promise<readonly LineageCount[]>;
  /** Rows carrying this lineage value. */
  rowsOf(table: TableRef, location: string, lineage: string): Promise<number>;

  /** A new PENDING stream: nothing in it is visible before it is committed. It may wait for its turn; the signal's reason is thrown when it aborts first. */
  createWriteStream(table: TableRef, signal?: AbortSignal): Promise<string>;
  /** Opens a stream for appending rows of this schema (a bare Arrow IPC schema message). */
  openWriter(stream: string, arrowSchema: Uint8Array): StreamWriter;
  /** Ends a stream and says how many rows it holds; `missing` when it is gone. Safe to repeat. */
  finalizeWriteStream(
    stream: string,
  ): Promise<{ readonly kind: 'finalized'; readonly rows: number } | { readonly kind: 'missing' }>;
  /** Makes the rows of all streams visible at once, or finds that they are. */
  commitWriteStreams(table: TableRef, streams: readonly string[]): Promise<CommitOutcome>;
  writeStreamState(stream: string): Promise<WriteStreamState>;

  /** Whether a query of this side may read the slice's table where it is: a dry run, which costs nothing. */
  canQuery(slice: Slice): Promise<boolean>;
  /** Makes an empty table with columns, partitions and clusters of another, which removes itself at the instant given; one that is there by now is fine. */
  createStagingTable(staging: TableRef, like: TableRef, expiresAt: Micros): Promise<void>;
  /** Makes the slice's rows, with their lineage, the whole content of a staging table, in one query; safe to repeat. */
  stageSlice(staging: TableRef, slice: Slice, lineage: string, signal: AbortSignal): Promise<StagedSize>;
  /** Exact totals of a table's rows, or of those whose `_etl_cursor` lies in a window, in one aggregate query. */
  totalsOf(table: TableRef, location: string, columns: VerifiedColumns, window?: Window): Promise<Totals>;
  /** Exact totals by day of `_etl_cursor` of the rows it puts in a window, in one aggregate query; days without rows are left out. */
  dailyTotals(
    table: TableRef,
    location: string,
    columns: VerifiedColumns,
    window: Window,
  ): Promise<readonly DayTotals[]>;
  /** Removes the table; one that is gone is fine. */
  dropTable(table: TableRef): Promise<void>;
  /** The job that makes staged rows visible; calls nothing. */
  commitJob(rows: StagedRows): CommitJob;
  /**
   * Inserts the recorded job unless it is there, and waits for its end. Safe to repeat: an id runs once.
   * Throws a JobError while the outcome is unknown.
   */
  runCommitJob(set: JobCommitSet): Promise<CommitJobOutcome>;
};

/** What a staging table holds. */
export type StagedSize = { readonly rows: number; readonly bytes: number };
