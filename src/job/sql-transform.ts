/** A transform that BigQuery carries out where the data is. */

/** Stands in a transform's SQL for the rows it is given: those of the window, as they stood at the snapshot. */
export const SOURCE_ROWS = '{source}';

/** A SELECT over `{source}`, and the column of its result that orders rows as the source's cursor does. */
export type SqlTransform = { readonly sql: string; readonly cursorField: string };
