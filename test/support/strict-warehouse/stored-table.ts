// A table that remembers since when each of its rows can be seen, so that it can be read as of any instant.
import type { Micros } from '../../../src/job/instant.ts';
import type { TableRef } from '../../../src/job/table-ref.ts';
import type { TableSchema } from '../../../src/job/table-schema.ts';
import type { Row } from './arrow-rows.ts';

/** One table. */
export class StoredTable {
  readonly table: TableRef;
  readonly location: string;
  schema: TableSchema;
  #rows: readonly { readonly row: Row; readonly since: Micros; readonly until?: Micros }[] = [];

  constructor(table: TableRef, location: string, schema: TableSchema) {
    this.table = table;
    this.location = location;
    this.schema = schema;
  }

  /** All of the rows can be seen from the instant on. */
  add(rows: readonly Row[], since: Micros): void {
    this.#rows = [...this.#rows, ...rows.map((row) => ({ row, since }))];
  }

  /** The rows that meet the condition can be seen no more from the instant on. */
  remove(condition: (row: Row) => boolean, until: Micros): void {
    this.#rows = this.#rows.map((entry) =>
      entry.until === undefined && condition(entry.row) ? { ...entry, until } : entry,
    );
  }

  /** The rows that could be seen at the instant, in the order in which they came. */
  asOf(instant: Micros): readonly Row[] {
    return this.#rows
      .filter(({ since, until }) => since <= instant && (until === undefined || until > instant))
      .map(({ row }) => row);
  }

  /** The rows that can be seen now. */
  get rows(): readonly Row[] {
    return this.#rows.filter(({ until }) => until === undefined).map(({ row }) => row);
  }
}
