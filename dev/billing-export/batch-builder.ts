// Gathers rows into record batches that fit into one append.
import type { Schema } from 'apache-arrow';
import { TableColumns } from './columns/table-columns.ts';
import type { Line } from './line.ts';
import { lineWriter } from './line-writer.ts';
import { detailedExportFields } from './schema.ts';

/** The bare Arrow IPC record batch message of some rows, as AppendRows wants it. */
export interface BillingExportBatch {
  readonly serializedRecordBatch: Buffer;
  readonly rowCount: number;
}

/** Below the 9 MiB to which an append is held, by more than the rows between two looks at the size can add. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Summing up the size of every column for every row would cost more than the row. */
const ROWS_BETWEEN_SIZE_CHECKS = 64;

/** One growing record batch of at most so many rows and about 8 MiB; its memory is used again for the next. */
export class BatchBuilder {
  readonly #columns = new TableColumns(detailedExportFields);
  readonly #write = lineWriter(this.#columns);
  readonly #schema: Schema;
  readonly #mostRows: number;
  #nextSizeCheck = ROWS_BETWEEN_SIZE_CHECKS;

  /** The schema may lack columns of the detailed export; their values are then left out. */
  constructor(schema: Schema, mostRows: number) {
    this.#schema = schema;
    this.#mostRows = mostRows;
  }

  /** Adds one row. */
  append(line: Line): void {
    this.#write(line);
  }

  /** Whether so many more rows fit in. */
  hasRoomFor(rows: number): boolean {
    const { rowCount } = this.#columns;
    if (rowCount + rows > this.#mostRows) return false;
    if (rowCount < this.#nextSizeCheck) return true;
    this.#nextSizeCheck = rowCount + ROWS_BETWEEN_SIZE_CHECKS;
    return this.#columns.byteLength() <= BATCH_BYTES;
  }

  /** Whether there is no row in it. */
  get isEmpty(): boolean {
    return this.#columns.rowCount === 0;
  }

  /** The rows so far; the next row begins a new batch. */
  take(): BillingExportBatch {
    const { rowCount } = this.#columns;
    this.#nextSizeCheck = ROWS_BETWEEN_SIZE_CHECKS;
    return { serializedRecordBatch: this.#columns.serialize(this.#schema), rowCount };
  }
}
