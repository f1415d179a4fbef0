/** What is said between a run and the thread in which a module transform runs. */
import type { ArrowRows } from '../../../columnar/arrow-rows.ts';
import type { MadeRows } from '../../../columnar/made-rows.ts';
import type { Window } from '../../../job/job.ts';
import type { ReasonOf } from '../../../job/errors.ts';
import type { TableSchema } from '../../../job/table-schema.ts';

/** What a thread is started with. */
export type ThreadStart = {
  readonly path: string;
  /** Counts the calls of the module, so that one that never comes back is seen; beside it, the row it was given. */
  readonly progress: Int32Array;
  /** How far the thread's clock runs ahead: what depends on the time then differs. */
  readonly aheadMs: number;
};

/** Where in `progress` the two numbers are. */
export const CALLS = 0;
export const CURRENT_ROW = 1;

/** What a module is going to be given. */
export type TransformWork = {
  readonly transform: string;
  readonly organizationId: string;
  readonly stream: number;
  readonly source: TableSchema;
  readonly sourceCursor: string;
  readonly columns: TableSchema;
  readonly window: Window;
  /** Whether rejected rows are wanted too, as rows of the quarantine table. */
  readonly keepsRejected: boolean;
  /** Whether a digest of each row made is wanted too. */
  readonly takesDigests: boolean;
  /** Bare schema message of the rows. */
  readonly arrowSchema: Uint8Array;
};

/** Some rows of the message last sent. */
export type SliceRequest = {
  readonly kind: 'transform';
  /** A new message; its memory goes over to the thread. */
  readonly message?: ArrowRows;
  readonly start: number;
  readonly end: number;
  /** Where the first row of the message stands in its stream. */
  readonly firstRow: number;
  readonly oneByOne: boolean;
};

export type ThreadRequest =
  | { readonly kind: 'describe'; readonly source: TableSchema | undefined }
  | { readonly kind: 'begin'; readonly work: TransformWork }
  | SliceRequest;

/** What a module says of itself; columns only where a source's were given. */
export type ModuleDescription = {
  readonly version: string;
  readonly cursor: string;
  readonly columns: TableSchema;
};

/** What became of the rows of a slice. */
export type TransformedSlice = Omit<MadeRows, 'message' | 'start'>;

export type ThreadReply =
  | { readonly kind: 'described'; readonly description: ModuleDescription }
  | { readonly kind: 'begun'; readonly version: string }
  | ({ readonly kind: 'transformed' } & TransformedSlice)
  | { readonly kind: 'refused'; readonly reason: ReasonOf<'terminal'>; readonly message: string };
