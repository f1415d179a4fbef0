/** What a module transform exports and is given: the contract for its author. */
import type { Row } from '../../columnar/row-value.ts';
import type { Field, TableSchema } from '../../job/table-schema.ts';

/** A column as an author writes it: NULLABLE unless `mode` says otherwise. */
export type Column = Pick<Field, 'name' | 'type'> &
  Partial<Omit<Field, 'fields'>> & { readonly fields?: readonly Column[] };

/** A row that must not be copied, with the reason that is kept with it; made by `context.reject`. */
export type Rejected = { readonly rejected: string };

/** What becomes of one row: a row, several, none (`[]`), or a rejection. */
export type TransformedRow = Row | readonly Row[] | Rejected;

/** What a transform is told beside the rows. */
export type TransformContext = {
  readonly organizationId: string;
  /** The columns of the rows it is given: the source's. */
  readonly columns: TableSchema;
  /** Says that a row must not be copied; the reason goes into the quarantine table, never into a log. */
  readonly reject: (reason: string) => Rejected;
};

/** A module in TRANSFORMS_DIR. It is loaded anew for each stream of each job, in a thread of its own. */
export type TransformModule = {
  /** The columns of the rows it makes, given those of the source. */
  readonly columns: readonly Column[] | ((source: TableSchema) => readonly Column[]);
  /** The column of the rows it makes that keeps the cursor: never NULL, and within the window of the job. */
  readonly cursor: string;
  /** Whatever else its rows depend on, such as a key's fingerprint: with another one, copies are begun anew. */
  readonly version?: string;
  /**
   * One result for each row, in their order. Deterministic by contract: a row's result depends on that row alone, not on
   * the clock, chance, or rows seen before; some rows are given twice to see that it holds.
   */
  readonly transformRows: (rows: readonly Row[], context: TransformContext) => readonly TransformedRow[];
};
