/** What a transform's file says: a cursor in a leading comment, and a SELECT over `{source}`. */
import { SOURCE_ROWS, type SqlTransform } from '../../job/sql-transform.ts';

const CURSOR_COMMENT = /^--\s*cursor:\s*(\S+)\s*$/im;
const LEADING_COMMENTS = /^(\s*(--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/))*/;

/** The transform a file describes, or everything that is wrong with it. */
export type ParsedSqlFile =
  | { readonly kind: 'transform'; readonly transform: SqlTransform }
  | { readonly kind: 'faulty'; readonly faults: readonly string[] };

/** Reads the text of a file; what BigQuery makes of the SQL shows at planning, by a dry run. */
export function parseSqlFile(text: string): ParsedSqlFile {
  const comments = LEADING_COMMENTS.exec(text)?.[0] ?? '';
  const cursorField = CURSOR_COMMENT.exec(comments)?.[1];
  const sql = text.slice(comments.length).trim().replace(/;$/, '');
  const faults = [
    ...(cursorField === undefined
      ? ['begins with no comment "-- cursor: COLUMN" naming the column of its result that carries the cursor']
      : []),
    ...(/^(SELECT|WITH)\b/i.test(sql) ? [] : ['is no SELECT']),
    ...(sql.includes(SOURCE_ROWS) ? [] : [`does not read from ${SOURCE_ROWS}`]),
  ];
  if (cursorField === undefined || faults.length > 0) return { kind: 'faulty', faults };
  return { kind: 'transform', transform: { sql, cursorField } };
}
