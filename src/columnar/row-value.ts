/** One row as JavaScript values without loss: the form in which sources that are not columnar give their rows. */

/**
 * INT64 and TIMESTAMP (microseconds since 1970) are bigint · FLOAT64 is number · BOOL is boolean · BYTES is Uint8Array ·
 * NUMERIC and BIGNUMERIC are decimal text · STRING, JSON and GEOGRAPHY are text · DATE, TIME and DATETIME are text as in
 * SQL (`2026-01-31`, `23:59:59.999999`, `2026-01-31T23:59:59.999999`) · STRUCT is an object by field name · REPEATED is an array.
 */
export type RowValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly RowValue[]
  | { readonly [field: string]: RowValue };

/** A row by column name; a column left out is NULL. */
export type Row = { readonly [column: string]: RowValue };
