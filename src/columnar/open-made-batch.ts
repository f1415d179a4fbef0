/** A batch of what a transform made, while rows are still being added to it. */
import { addDays, totalsOfDays } from '../job/day-totals.ts';
import { TerminalError } from '../job/errors.ts';
import type { DayTotals } from '../job/totals.ts';
import type { ArrowRows } from './arrow-rows.ts';
import type { ReadLayout } from './copy-layout.ts';
import type { CutOptions } from './cut-batches.ts';
import type { IncomingRows } from './incoming-rows.ts';
import type { ArrivedRows, MadeLayouts } from './made-rows.ts';
import { OpenBatch, type CutBatch } from './open-batch.ts';

/** It ends at a row read, whatever was made of that. */
export class OpenMadeBatch {
  readonly readOffset: number;
  rowsRead = 0;
  #dropped = 0;
  #rejectedCount = 0;
  /** Added up at once: the rows read may be many more than those made, so that none are held for it. */
  readonly #readDays: (readonly DayTotals[])[] = [];
  readonly #read: ReadLayout;
  readonly #rows: OpenBatch;
  readonly #rejected: OpenBatch | undefined;
  readonly #options: CutOptions;
  readonly #mostRead: number;

  constructor(layouts: MadeLayouts, readOffset: number, options: CutOptions) {
    this.readOffset = readOffset;
    this.#options = options;
    const nextCut = options.cuts.find((cut) => cut > readOffset) ?? Infinity;
    this.#mostRead = Math.min(options.maxRows, nextCut - readOffset);
    this.#read = layouts.read;
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
    const days = { read: addDays(this.#readDays), written: this.#rows.days() };
    const [rows, rejected] = [this.#rows, this.#rejected].map((batch) =>
      batch?.rowCount ? batch.finish() : undefined,
    );
    return {
      rows: NO_ROWS,
      bytes: 0,
      ...rows,
      totals: totalsOfDays(days.written),
      days,
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
    this.#readDays.push(made.readDays(this.#read, start, end));
    if (made.rows && to > from) this.#rows.add(made.rows, from, to, made.digestsOf(from, to));
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
