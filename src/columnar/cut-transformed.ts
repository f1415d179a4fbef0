/** Cuts rows that a transform made into batches for appending, at the rows they were made of. */
import { TerminalError } from '../job/errors.ts';
import type { ArrowRows } from './arrow-rows.ts';
import type { CopyLayout } from './copy-layout.ts';
import type { CutOptions } from './cut-batches.ts';
import { IncomingRows } from './incoming-rows.ts';
import { OpenBatch, type CutBatch } from './open-batch.ts';

/** What a transform made of some rows of a read stream. */
export type MadeRows = {
  /** For each row, how many rows were made of it and of those before it here. */
  readonly ends: Uint32Array;
  /** For each row, how many rows were rejected up to it. */
  readonly rejectedEnds: Uint32Array;
  readonly rows: ArrowRows | undefined;
  /** The rejected rows as rows of the quarantine table, where they are kept. */
  readonly rejected: ArrowRows | undefined;
};

/** How rows made are written, and where rejected ones are kept. */
export type MadeLayouts = { readonly rows: CopyLayout; readonly rejected?: CopyLayout | undefined };

/**
 * Yields batches that end at a row read, never across a cut: as many rows read as maxRows allows, and as many made and
 * rejected as maxRows and maxBytes do, so that they depend on the rows and the limits alone. Throws
 * TerminalError('row_rejected') for a row of which more is made than one batch can hold.
 */
export async function* cutTransformed(
  incoming: AsyncIterable<MadeRows>,
  layouts: MadeLayouts,
  options: CutOptions,
): AsyncGenerator<CutBatch> {
  let batch = new OpenMadeBatch(layouts, options.firstRow, options);
  for await (const arrived of incoming) {
    const made = new ArrivedRows(arrived, layouts);
    for (let row = 0; row < made.rowCount;) {
      const taken = batch.take(made, row);
      row += taken;
      if (taken > 0 && !batch.isFull) continue;
      yield batch.finish();
      batch = new OpenMadeBatch(layouts, batch.readOffset + batch.rowsRead, options);
    }
  }
  if (batch.rowsRead > 0) yield batch.finish();
}

/** Rows made, read in place, with where those of each row end. */
class ArrivedRows {
  readonly rowCount: number;
  readonly rows: IncomingRows | undefined;
  readonly rejected: IncomingRows | undefined;
  readonly #made: MadeRows;

  constructor(made: MadeRows, layouts: MadeLayouts) {
    this.#made = made;
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

  /** How many of the rows [start, end) came to nothing without being rejected. */
  droppedOf(start: number, end: number): number {
    let dropped = 0;
    for (let row = start; row < end; row += 1)
      if (this.madeOf(row + 1) === this.madeOf(row) && this.rejectedOf(row + 1) === this.rejectedOf(row))
        dropped += 1;
    return dropped;
  }
}

/** A batch of rows read, while more are being added. */
class OpenMadeBatch {
  readonly readOffset: number;
  rowsRead = 0;
  #dropped = 0;
  #rejectedCount = 0;
  readonly #rows: OpenBatch;
  readonly #rejected: OpenBatch | undefined;
  readonly #options: CutOptions;
  readonly #mostRead: number;

  constructor(layouts: MadeLayouts, readOffset: number, options: CutOptions) {
    this.readOffset = readOffset;
    this.#options = options;
    const nextCut = options.cuts.find((cut) => cut > readOffset) ?? Infinity;
    this.#mostRead = Math.min(options.maxRows, nextCut - readOffset);
    this.#rows = new OpenBatch(layouts.rows, readOffset, options);
    this.#rejected = layouts.rejected && new OpenBatch(layouts.rejected, readOffset, options);
  }

  /** Whether no row more is allowed, whatever is made of it. */
  get isFull(): boolean {
    return this.rowsRead === this.#mostRead;
  }

  /** Takes what was made of as many rows as fit, from a row on, and says of how many. */
  take(made: ArrivedRows, start: number): number {
    const most = Math.min(made.rowCount - start, this.#mostRead - this.rowsRead);
    let [fits, tooMany] = [0, most + 1];
    for (let rows = most; fits + 1 < tooMany; rows = (fits + tooMany) >> 1)
      if (this.#fits(made, start, start + rows)) fits = rows;
      else tooMany = rows;
    if (fits > 0) this.#add(made, start, start + fits);
    else if (this.rowsRead === 0) throw tooLarge(this.readOffset, this.#options.maxBytes);
    return fits;
  }

  /** The batch as it is to be appended; with nothing made it has no message. */
  finish(): CutBatch {
    const [rows, rejected] = [this.#rows, this.#rejected].map((batch) =>
      batch?.rowCount ? batch.finish() : undefined,
    );
    return {
      rows: NO_ROWS,
      bytes: 0,
      totals: [],
      ...rows,
      readOffset: this.readOffset,
      rowsRead: this.rowsRead,
      rowsDropped: this.#dropped,
      rowsRejected: this.#rejectedCount,
      rejected: rejected?.rows,
    };
  }

  #fits(made: ArrivedRows, start: number, end: number): boolean {
    const [from, to] = [made.madeOf(start), made.madeOf(end)];
    // What one row makes is never divided, so that alone it may be more than the limit of rows.
    const alone = this.rowsRead === 0 && end - start === 1;
    if (!alone && this.#rows.rowCount + to - from > this.#options.maxRows) return false;
    return (
      holds(this.#rows, made.rows, from, to) &&
      holds(this.#rejected, made.rejected, made.rejectedOf(start), made.rejectedOf(end))
    );
  }

  #add(made: ArrivedRows, start: number, end: number): void {
    const [from, to] = [made.madeOf(start), made.madeOf(end)];
    const [rejectedFrom, rejectedTo] = [made.rejectedOf(start), made.rejectedOf(end)];
    if (made.rows && to > from) this.#rows.add(made.rows, from, to);
    if (made.rejected && rejectedTo > rejectedFrom)
      this.#rejected?.add(made.rejected, rejectedFrom, rejectedTo);
    this.#dropped += made.droppedOf(start, end);
    this.#rejectedCount += rejectedTo - rejectedFrom;
    this.rowsRead += end - start;
  }
}

const NO_ROWS: ArrowRows = { recordBatch: new Uint8Array(0), rowCount: 0 };

function holds(
  batch: OpenBatch | undefined,
  rows: IncomingRows | undefined,
  from: number,
  to: number,
): boolean {
  return !batch || !rows || from === to || batch.fits(rows, from, to);
}

function tooLarge(readOffset: number, maxBytes: number): TerminalError {
  return new TerminalError(
    'row_rejected',
    `what the transform makes of the row at read offset ${readOffset} is larger than the ${maxBytes} bytes that one append may hold; have the module make less of it, or reject it`,
  );
}
