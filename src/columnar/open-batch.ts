/** A batch while rows are still being added to it. */
import { TerminalError } from '../job/errors.ts';
import type { CopiedDays } from '../job/day-totals.ts';
import type { DayTotals, Totals } from '../job/totals.ts';
import type { ArrowRows } from './arrow-rows.ts';
import { assemble } from './assemble.ts';
import { BatchExtent } from './batch-extent.ts';
import { batchDays, batchTotals } from './batch-totals.ts';
import type { CopyLayout } from './copy-layout.ts';
import type { IncomingRows } from './incoming-rows.ts';
import { Slice } from './slice.ts';

/** Rows of a stream ready to be appended, lineage columns included. */
export type CutBatch = {
  /** Where its first row stands in the read stream. */
  readonly readOffset: number;
  readonly rows: ArrowRows;
  /** Rows of the read stream it covers, whatever was made of them. */
  readonly rowsRead: number;
  /** Of these, rows of which nothing was made. */
  readonly rowsDropped: number;
  readonly rowsRejected: number;
  /** The rejected ones as rows of the quarantine table, where they are kept. */
  readonly rejected?: ArrowRows | undefined;
  /** Length of the record-batch message. */
  readonly bytes: number;
  readonly totals: Totals;
  /** What was read and made by day, where a transform came between. */
  readonly days?: CopiedDays;
};

/** Where batches end. */
export type BatchLimits = { readonly maxRows: number; readonly maxBytes: number };

/** Collects slices of messages, which stay in memory until the batch is assembled. */
export class OpenBatch {
  readonly readOffset: number;
  readonly #layout: CopyLayout;
  readonly #limits: BatchLimits;
  readonly #slices: Slice[] = [];
  readonly #digests: BigUint64Array[] = [];
  readonly #extent: BatchExtent;
  #bytes = 0;

  constructor(layout: CopyLayout, readOffset: number, limits: BatchLimits) {
    this.readOffset = readOffset;
    this.#layout = layout;
    this.#limits = limits;
    this.#extent = new BatchExtent(layout);
  }

  get rowCount(): number {
    return this.#extent.rowCount;
  }

  /** Whether no row more is allowed, whatever its size. */
  get isFull(): boolean {
    return this.rowCount === this.#limits.maxRows;
  }

  /** Takes as many rows as fit, from a row of the message on, and says how many. */
  take(rows: IncomingRows, startRow: number): number {
    const most = Math.min(rows.rowCount - startRow, this.#limits.maxRows - this.rowCount);
    const slice = new Slice(this.#layout.nodes, rows, startRow, startRow + most);
    const taken = this.#fitting(slice, most);
    if (taken === 0) return 0;
    this.#slices.push(slice);
    this.#extent.add(slice);
    return taken;
  }

  /** Whether rows [startRow, endRow) of a message can still be added, as far as bytes go. */
  fits(rows: IncomingRows, startRow: number, endRow: number): boolean {
    const slice = new Slice(this.#layout.nodes, rows, startRow, endRow);
    return this.#extent.bytesWith(slice) <= this.#limits.maxBytes;
  }

  /** Adds rows that fit, with the digest of each if they have one. */
  add(rows: IncomingRows, startRow: number, endRow: number, digests?: BigUint64Array): void {
    const slice = new Slice(this.#layout.nodes, rows, startRow, endRow);
    this.#bytes = this.#extent.bytesWith(slice);
    this.#slices.push(slice);
    if (digests) this.#digests.push(digests);
    this.#extent.add(slice);
  }

  /** The totals of its rows by day of their cursor, with fingerprints where they came with digests. */
  days(): readonly DayTotals[] {
    const { summation, cursor } = this.#layout;
    const digests = this.#digests.length > 0 ? this.#digests : undefined;
    return batchDays(summation, this.#slices, cursor, digests);
  }

  /** The batch as it is to be appended. Forgets the messages it was made of, so that it takes no more rows. */
  finish(): CutBatch {
    const slices = this.#slices.splice(0);
    const recordBatch = assemble(this.#layout, slices, this.#extent, this.#bytes);
    return {
      readOffset: this.readOffset,
      rowsRead: this.rowCount,
      rowsDropped: 0,
      rowsRejected: 0,
      rows: { recordBatch, rowCount: this.rowCount },
      bytes: recordBatch.length,
      totals: batchTotals(this.#layout.summation, slices),
    };
  }

  /** Ends the slice after the last row that fits, by bisection: a message only grows with its rows. */
  #fitting(slice: Slice, most: number): number {
    let [fits, tooMany] = [0, most + 1];
    for (let rows = most; fits + 1 < tooMany; rows = (fits + tooMany) >> 1) {
      slice.endAt(slice.startRow + rows);
      const bytes = this.#extent.bytesWith(slice);
      if (bytes > this.#limits.maxBytes) tooMany = rows;
      else [fits, this.#bytes] = [rows, bytes];
    }
    if (fits === 0 && this.rowCount === 0) throw this.#rowTooLarge(slice);
    slice.endAt(slice.startRow + fits);
    return fits;
  }

  #rowTooLarge(slice: Slice): TerminalError {
    slice.endAt(slice.startRow + 1);
    const bytes = this.#extent.bytesWith(slice);
    return new TerminalError(
      'row_rejected',
      `the row at read offset ${this.readOffset} makes a message of ${bytes} bytes by itself, more than the ` +
        `${this.#limits.maxBytes} that one append may hold; use the query write path for this table`,
    );
  }
}
