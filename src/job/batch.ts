/** The rows between two checkpoints of one stream. */
import type { CopiedDays } from './day-totals.ts';
import type { Totals } from './totals.ts';

/** `planned`: boundaries recorded, nothing known of its append; `acknowledged`: the write stream holds it. */
export type BatchState = 'planned' | 'acknowledged';

/** One batch; offsets count rows from the start of the read stream and of the write stream. */
export type Batch = {
  readonly stream: number;
  readonly batch: number;
  readonly readOffset: number;
  readonly writeOffset: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsDropped: number;
  readonly rowsQuarantined: number;
  readonly bytes: number;
  readonly totals: Totals;
  /** What it read and wrote by day, where a module came between; recorded with it, and asked for apart. */
  readonly days?: CopiedDays | undefined;
  readonly state: BatchState;
};
