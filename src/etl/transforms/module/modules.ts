/** The modules a run may use, and what it asks of one that was started: in a thread, or wherever else they are kept. */
import type { TableSchema } from '../../../job/table-schema.ts';
import type { ModuleDescription, SliceRequest, TransformedSlice, TransformWork } from './thread-messages.ts';

/** Those that are there now, in the order in which they are looked for. */
export type Modules = {
  list(): Promise<readonly FoundModule[]>;
};

/** A module that is there. */
export type FoundModule = {
  /** As configurations name it. */
  readonly transform: string;
  readonly path: string;
  /** Longest time it may take for one row, or to be loaded. */
  readonly timeLimitMs: number;
  start(options?: StartOptions): StartedModule;
};

export type StartOptions = {
  /** How far its clock runs ahead. */
  readonly aheadMs?: number;
  /** Ends the waiting for an answer. */
  readonly signal?: AbortSignal;
};

/** Asked one thing at a time; to be closed by whoever started it. Throws ThreadHung at rows it does not come back from. */
export type StartedModule = {
  /** What the module says of itself; columns only for a source's. Throws a TerminalError for a module that is none. */
  describe(source: TableSchema | undefined): Promise<ModuleDescription>;
  /** Says what is to be transformed; returns the version of the module that was loaded. */
  begin(work: TransformWork): Promise<string>;
  /** What becomes of some rows; throws a TerminalError for rows that cannot be transformed. */
  transform(request: SliceRequest): Promise<TransformedSlice>;
  /** Ends it, whatever it is doing. */
  close(): Promise<void>;
};
