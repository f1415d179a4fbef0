/** What a transform made of rows, beside the rows themselves, and how both are laid out. */
import type { DayTotals } from '../job/totals.ts';
import type { ArrowRows } from './arrow-rows.ts';
import { batchDays } from './batch-totals.ts';
import type { CopyLayout, ReadLayout } from './copy-layout.ts';
import { IncomingRows } from './incoming-rows.ts';
import { Slice } from './slice.ts';

/** What a transform made of some rows of a read stream. */
export type MadeRows = {
  /** The rows it was made of: `ends.length` rows of a message, from one of them on. */
  readonly message: ArrowRows;
  readonly start: number;
  /** For each row, how many rows were made of it and of those before it here. */
  readonly ends: Uint32Array;
  /** For each row, how many rows were rejected up to it. */
  readonly rejectedEnds: Uint32Array;
  readonly rows: ArrowRows | undefined;
  /** A digest of each row made, where fingerprints are taken. */
  readonly digests: BigUint64Array | undefined;
  /** The rejected rows as rows of the quarantine table, where they are kept. */
  readonly rejected: ArrowRows | undefined;
};

/** How rows read are added up, how rows made are written, and where rejected ones are kept. */
export type MadeLayouts = {
  readonly read: ReadLayout;
  readonly rows: CopyLayout;
  readonly rejected?: CopyLayout | undefined;
};

/** Rows made, read in place, with where those of each row end. */
export class ArrivedRows {
  readonly rowCount: number;
  readonly rows: IncomingRows | undefined;
  readonly rejected: IncomingRows | undefined;
  readonly #made: MadeRows;
  readonly #message: IncomingRows;

  constructor(made: MadeRows, message: IncomingRows, layouts: MadeLayouts) {
    this.#made = made;
    this.#message = message;
    this.rowCount = made.ends.length;
    this.rows = made.rows && new IncomingRows(made.rows, layouts.rows.nodes);
    this.rejected =
      layouts.rejected && made.rejected && new IncomingRows(made.rejected, layouts.rejected.nodes);
  }

  /** How many rows were made of the first `rows` rows. */
  madeOf(rows: number): number {
    return rows === 0 ? 0 : (this.#made.ends[rows - 1] as number);
  }

  /** How many of the first `rows` rows were rejected. */
  rejectedOf(rows: number): number {
    return rows === 0 ? 0 : (this.#made.rejectedEnds[rows - 1] as number);
  }

  /** What the rows [start, end) add up to as they were read, by day. */
  readDays({ nodes, summation, cursor }: ReadLayout, start: number, end: number): readonly DayTotals[] {
    const from = this.#made.start;
    return batchDays(summation, [new Slice(nodes, this.#message, from + start, from + end)], cursor);
  }

  /** The digests of the rows made [from, to). */
  digestsOf(from: number, to: number): BigUint64Array | undefined {
    return this.#made.digests?.subarray(from, to);
  }

  /** How many of the rows [start, end) came to nothing without being rejected. */
  droppedOf(start: number, end: number): number {
    let dropped = 0;
    for (let row = start; row < end; row += 1)
      if (this.madeOf(row + 1) === this.madeOf(row) && this.rejectedOf(row + 1) === this.rejectedOf(row))
        dropped += 1;
    return dropped;
  }
}
