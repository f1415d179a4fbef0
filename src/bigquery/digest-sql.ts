/** The digest of a row in SQL, the same as columnar/row-digest.ts works out of the row itself. */
import {
  LINEAGE_FIELDS,
  sortedByName,
  UNDIGESTED_TYPES,
  type Field,
  type TableSchema,
} from '../job/table-schema.ts';
import { FLOAT_DECIMALS } from '../job/totals.ts';
import { quoteColumn } from './table-ref.ts';

/** Aggregate over rows `t`: the exact sum of each row's digest, as text. Lineage, and columns that are not among the present ones, are left out. */
export function digestSumSql(schema: TableSchema, present: TableSchema): string {
  const columns = schema.filter(({ name }) => !LINEAGE_FIELDS.some((lineage) => lineage.name === name));
  const digits = `SUBSTR(TO_HEX(SHA256(${membersText(columns, present, 't')})), 1, 15)`;
  return `CAST(SUM(CAST(CAST(CONCAT('0x', ${digits}) AS INT64) AS NUMERIC)) AS STRING)`;
}

function membersText(fields: TableSchema, present: TableSchema, parent: string): string {
  const texts = sortedByName(fields).flatMap((field) => {
    const found = present.find(({ name }) => name.toLowerCase() === field.name.toLowerCase());
    if (!found || UNDIGESTED_TYPES.includes(field.type)) return [];
    return [fieldText(field, found, `${parent}.${quoteColumn(field.name)}`)];
  });
  return `CONCAT('', ${texts.length === 0 ? "''" : texts.join(', ')})`;
}

function fieldText(field: Field, found: Field, at: string): string {
  const name = field.name.toLowerCase().replaceAll("'", "\\'");
  if (field.mode !== 'REPEATED')
    return `IF(${at} IS NULL, '', CONCAT('${name}=', ${elementText(field, found, at)}))`;
  const [item, place] = [`e${depth(at)}`, `o${depth(at)}`];
  const items = `ARRAY(SELECT ${elementText(field, found, item)} FROM UNNEST(${at}) AS ${item} WITH OFFSET AS ${place} ORDER BY ${place})`;
  return `IF(IFNULL(ARRAY_LENGTH(${at}), 0) = 0, '', CONCAT('${name}[', ARRAY_TO_STRING(${items}, ''), ']'))`;
}

function elementText(field: Field, found: Field, at: string): string {
  if (field.type === 'STRUCT')
    return `CONCAT('{', ${membersText(field.fields ?? [], found.fields ?? [], at)}, '}')`;
  if (field.type === 'STRING') return `CONCAT(CAST(BYTE_LENGTH(${at}) AS STRING), ':', ${at})`;
  return `CONCAT(${scalarText(field.type, at)}, ';')`;
}

function scalarText(type: Field['type'], at: string): string {
  switch (type) {
    case 'BYTES':
      return `TO_HEX(${at})`;
    case 'FLOAT64':
      return `CASE WHEN IS_NAN(${at}) THEN 'nan' WHEN ${at} >= 1e22 THEN 'large' WHEN ${at} <= -1e22 THEN '-large' ELSE ${roundedText(at)} END`;
    case 'DATE':
      return `CAST(UNIX_DATE(${at}) AS STRING)`;
    case 'TIME':
      return `CAST(TIME_DIFF(${at}, TIME '00:00:00', MICROSECOND) AS STRING)`;
    case 'DATETIME':
      return `CAST(UNIX_MICROS(TIMESTAMP(${at})) AS STRING)`;
    case 'TIMESTAMP':
      return `CAST(UNIX_MICROS(${at}) AS STRING)`;
    default:
      return `CAST(${at} AS STRING)`;
  }
}

/** The value cast is never one on which CAST fails, even where another branch is taken. */
function roundedText(at: string): string {
  const finite = `IF(IS_NAN(${at}) OR ABS(${at}) >= 1e22, 0, ${at})`;
  return `CAST(ROUND(CAST(${finite} AS BIGNUMERIC), ${FLOAT_DECIMALS}) AS STRING)`;
}

/** An item inside an item has another name. */
function depth(at: string): number {
  const outer = /^e(\d+)\./.exec(at)?.[1];
  return outer === undefined ? 0 : Number(outer) + 1;
}
