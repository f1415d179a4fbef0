/** How table and column names are written in SQL, in REST paths and in Storage API resource names: the only place they are quoted. */
import { TerminalError } from '../job/errors.ts';
import { isTableRef, tableName, type TableRef } from '../job/table-ref.ts';

// BigQuery forbids these in column names too, flexible ones included. Source: BigQuery documentation, "Column names".
const NEVER_IN_A_COLUMN_NAME = /[`"\\!$()*,./;?@[\]^{}~\p{Cc}]/u;

/** The table as SQL names it; throws TerminalError('invalid_configuration') for a name BigQuery would not allow. */
export function quoteTable(ref: TableRef): string {
  if (!isTableRef(ref)) throw notAllowed('table', tableName(ref));
  return `\`${ref.project}.${ref.dataset}.${ref.table}\``;
}

/** A column, or with dots a nested field, as SQL names it; throws TerminalError('invalid_configuration') for a name BigQuery would not allow. */
export function quoteColumn(path: string): string {
  return path.split('.').map(quoteName).join('.');
}

function quoteName(name: string): string {
  if (name === '' || name.length > 300 || NEVER_IN_A_COLUMN_NAME.test(name)) throw notAllowed('column', name);
  return `\`${name}\``;
}

/** Path of the table's dataset below `projects/{project}` of the REST API. */
export function datasetPath(ref: TableRef): string {
  return `/datasets/${ref.dataset}`;
}

/** Path of the table below `projects/{project}` of the REST API. */
export function tablePath(ref: TableRef): string {
  return `${datasetPath(ref)}/tables/${ref.table}`;
}

/** Name of the table for the Storage APIs. */
export function tableResource(ref: TableRef): string {
  return `projects/${ref.project}/datasets/${ref.dataset}/tables/${ref.table}`;
}

function notAllowed(what: string, name: string): TerminalError {
  return new TerminalError(
    'invalid_configuration',
    `"${name}" is no ${what} name BigQuery allows; correct it in the organization's configuration`,
  );
}
