/** The port to where billing data is read: the few operations a run needs of it. */
import type { Micros } from '../job/instant.ts';
import type { Window } from '../job/job.ts';
import type { SqlTransform } from '../job/sql-transform.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { TableSchema } from '../job/table-schema.ts';
import type { DayTotals, FingerprintKind, Totals } from '../job/totals.ts';
import type { ArrowRows } from '../columnar/arrow-rows.ts';

/** What is known of a source table before it is read. */
export type SourceTable = {
  readonly table: TableRef;
  readonly location: string;
  readonly schema: TableSchema;
};

/** The part of a source a job reads: rows of the window as they stood at the snapshot. */
export type Slice = {
  readonly table: TableRef;
  readonly location: string;
  readonly cursorField: string;
  readonly window: Window;
  readonly snapshot: Micros;
  /** What makes rows of those the slice holds; without it they are taken as they are. */
  readonly transform?: SqlTransform;
};

/** What lies beyond a watermark at a snapshot. */
export type Survey = {
  /** The largest cursor value in the table; undefined when it has none. */
  readonly maxCursor: Micros | undefined;
  /** Rows whose cursor is NULL and so belong to no window. */
  readonly nullCursors: number;
};

/** Size of a slice before any transform. Bytes are what the read would be billed for, as a dry run says. */
export type Estimate = {
  readonly rows: number;
  readonly bytes: number;
  /** The schema of what the slice's transform makes, when it has one. */
  readonly transformedSchema?: TableSchema;
};

/** A read that can be resumed for as long as it has not expired: a stream's rows keep their order and offsets. */
export type ReadSession = {
  readonly name: string;
  readonly streams: readonly string[];
  /** Bare Arrow IPC schema message. */
  readonly arrowSchema: Uint8Array;
  readonly expiresAt: Micros;
};

/** Where billing data is read. Errors thrown are JobErrors; expected outcomes are values. */
export type Source = {
  /** The table as it is, or undefined when it does not exist. */
  describe(table: TableRef): Promise<SourceTable | undefined>;
  /** The source's own clock: the only clock a snapshot is taken from. */
  currentTime(location: string, table: TableRef): Promise<Micros>;
  /** Looks at the cursor column as it stood at the snapshot; lo bounds what needs scanning. */
  survey(slice: Omit<Slice, 'window'> & { readonly lo: Micros | undefined }): Promise<Survey>;
  /** Rows and bytes of a slice. Bytes come from a dry run and are known before anything is billed. */
  estimate(slice: Slice): Promise<Estimate>;
  /** Exact totals of a slice in one aggregate query. */
  totals(slice: Slice, columns: VerifiedColumns): Promise<Totals>;
  /** Exact totals of a slice by day of its rows' cursor, in one aggregate query; days without rows are left out. */
  dailyTotals(slice: Slice, columns: VerifiedColumns): Promise<readonly DayTotals[]>;
  /** Throws `location_mismatch` where rows that a transform makes could not wait beside this table until they are read; a source without such a place has none to check. */
  checkStaging?(slice: Pick<Slice, 'table' | 'location'>): Promise<void>;
  /** Opens a read of a slice in at most maxStreams streams; no streams when it holds no rows. */
  openReadSession(slice: Slice, maxStreams: number): Promise<ReadSession>;
  /** The session again, by its name, or undefined when it has expired. */
  resumeReadSession(session: ReadSession): Promise<ReadSession | undefined>;
  /** The rows of a stream from an offset on, in their fixed order; a broken connection is resumed at the next row. */
  readRows(stream: string, offset: number, signal: AbortSignal): AsyncIterable<ArrowRows>;
};

/** Which sums are taken, grouped by which column; both sides of a comparison use the same. */
export type VerifiedColumns = {
  readonly columns: readonly string[];
  readonly currencyColumn: string | undefined;
  readonly schema: TableSchema;
  /** How each row is hashed, every column of the schema and all that is nested, where that is added up as well. */
  readonly fingerprint?: FingerprintKind | undefined;
};
