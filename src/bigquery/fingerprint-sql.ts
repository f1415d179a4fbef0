/** A fingerprint of rows in SQL: equal for the same rows in any order, another one when any value of any column differs. */
import { LINEAGE_FIELDS, type Field, type TableSchema } from '../job/table-schema.ts';
import { quoteColumn } from './table-ref.ts';

const NO_VALUE = 'CAST(NULL AS STRING)';
const NO_VALUES = 'ARRAY<STRING>[]';

/**
 * Aggregate over rows `t`: the exact sum of a 64-bit hash of each row's columns, without those of lineage, as text.
 * A column of the schema that is not among the present ones counts as NULL, or as empty where it is repeated.
 */
export function fingerprintSql(schema: TableSchema, present: TableSchema): string {
  const columns = schema.filter(({ name }) => !LINEAGE_FIELDS.some((lineage) => lineage.name === name));
  const row = `TO_JSON_STRING(STRUCT(${named(columns, present, 't').join(', ')}))`;
  return `CAST(SUM(CAST(FARM_FINGERPRINT(${row}) AS NUMERIC)) AS STRING)`;
}

/** Each field under its name: both sides write them in the order of one schema, however their tables have them. */
function named(fields: TableSchema, present: TableSchema, parent: string): string[] {
  return fields.map((field) => {
    const found = present.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    return `${found ? value(field, found, `${parent}.${quoteColumn(field.name)}`) : absent(field)} AS ${quoteColumn(field.name)}`;
  });
}

/** Whether TO_JSON_STRING writes the value as it is meant: nothing inside has another place, is missing, or lacks an encoding. */
function isPlain(field: Field, found: Field): boolean {
  const [ours, theirs] = [field.fields ?? [], found.fields ?? []];
  if (field.type !== 'STRUCT') return text(field, '') === '';
  return (
    ours.length === theirs.length &&
    ours.every((inner, i) => {
      const other = theirs[i];
      return other?.name.toLowerCase() === inner.name.toLowerCase() && isPlain(inner, other);
    })
  );
}

function absent({ mode }: Field): string {
  return mode === 'REPEATED' ? NO_VALUES : NO_VALUE;
}

function value(field: Field, found: Field, at: string): string {
  if (isPlain(field, found)) return at;
  if (field.mode === 'REPEATED') return items(field, found, at);
  if (field.type !== 'STRUCT') return text(field, at);
  return `IF(${at} IS NULL, NULL, STRUCT(${members(field, found, at)}))`;
}

/** In their order, which counts. An item is never NULL in a table. */
function items(field: Field, found: Field, at: string): string {
  const [item, place] = [`e${depth(at)}`, `o${depth(at)}`];
  const all = `FROM UNNEST(${at}) AS ${item} WITH OFFSET AS ${place} ORDER BY ${place}`;
  if (field.type === 'STRUCT') return `ARRAY(SELECT AS STRUCT ${members(field, found, item)} ${all})`;
  return `ARRAY(SELECT ${text(field, item)} ${all})`;
}

function members({ fields = [] }: Field, found: Field, at: string): string {
  return named(fields, found.fields ?? [], at).join(', ');
}

/** An item inside an item has another name. */
function depth(at: string): number {
  const outer = /^e(\d+)\./.exec(at)?.[1];
  return outer === undefined ? 0 : Number(outer) + 1;
}

/** What TO_JSON_STRING has no encoding for, or no exact one, is made text or a STRUCT before. Source: BigQuery documentation, "JSON encodings". */
function text({ type }: Field, at: string): string {
  switch (type) {
    case 'BYTES':
      return `TO_HEX(${at})`;
    case 'GEOGRAPHY':
      return `ST_ASTEXT(${at})`;
    case 'INTERVAL':
      return `CAST(${at} AS STRING)`;
    case 'RANGE':
      return `IF(${at} IS NULL, NULL, STRUCT(RANGE_START(${at}) AS range_start, RANGE_END(${at}) AS range_end))`;
    default:
      return at;
  }
}
