/** JSON objects from lists of keys and values, as text, in SQL. */
import { quoted, type ExportColumns } from './export-columns.ts';

/** The object of all entries of the given arrays of STRUCT<k STRING, v STRING>, sorted by key; `{}` without any. */
export function jsonObject(entries: readonly string[]): string {
  if (entries.length === 0) return "'{}'";
  const all = entries.length === 1 ? entries.join('') : `ARRAY_CONCAT(${entries.join(', ')})`;
  const members = "STRING_AGG(CONCAT(TO_JSON_STRING(e.k), ':', TO_JSON_STRING(e.v)), ',' ORDER BY e.k, e.v)";
  return `CONCAT('{', IFNULL((SELECT ${members} FROM UNNEST(${all}) AS e WHERE e.k IS NOT NULL), ''), '}')`;
}

/** The entries of a REPEATED column of key and value under a prefix; none when the table lacks it. */
export function labelEntries(from: ExportColumns, path: string, prefix: string): readonly string[] {
  if (!from.has(path)) return [];
  return [
    `ARRAY(SELECT AS STRUCT CONCAT(${quoted(prefix)}, l.key) AS k, l.value AS v FROM UNNEST(t.${path}) AS l)`,
  ];
}

/** The object of these members, in this order; one whose text is NULL is left out. */
export function jsonOf(members: Readonly<Record<string, string>>): string {
  const written = Object.entries(members).map(
    ([name, text]) => `IF(${text} IS NULL, '', CONCAT(${quoted(`,"${name}":`)}, TO_JSON_STRING(${text})))`,
  );
  return `CONCAT('{', SUBSTR(CONCAT(${written.join(', ')}), 2), '}')`;
}
