/** Exact totals of a slice: one aggregate query that never multiplies rows, and its answer as Totals. */
import { TerminalError } from '../job/errors.ts';
import { fieldAt, type Field, type TableSchema } from '../job/table-schema.ts';
import {
  addTotals,
  decimalText,
  FLOAT_DECIMALS,
  parseDecimal,
  type ColumnTotal,
  type DayTotals,
  type Totals,
} from '../job/totals.ts';
import type { VerifiedColumns } from '../etl/source.ts';
import type { QueryRow } from './query-jobs.ts';
import { digestSumSql } from './digest-sql.ts';
import { fingerprintSql } from './fingerprint-sql.ts';
import { cursorMicros, type Cursor } from './slice-sql.ts';
import { quoteColumn } from './table-ref.ts';

/** BIGNUMERIC's scale. */
const SUM_SCALE = 38;

const FINGERPRINT_SQL = { in_sql: fingerprintSql, anywhere: digestSumSql };

/** The aggregate query over the rows of `from` (under the alias `t`) that meet the condition; `present` is what they have of the schema. */
export function totalsSql(
  columns: VerifiedColumns,
  from: string,
  condition: string,
  present = columns.schema,
): string {
  return aggregateSql(columns, from, condition, [], present);
}

/** As totalsSql, by day of the cursor, UTC. */
export function dailyTotalsSql(
  columns: VerifiedColumns,
  cursor: Cursor,
  from: string,
  condition: string,
  present = columns.schema,
): string {
  const at = `TIMESTAMP_MICROS(${cursorMicros(cursor, `t.${quoteColumn(cursor.field)}`)})`;
  return aggregateSql(columns, from, condition, [`CAST(DATE(${at}) AS STRING) AS day`], present);
}

/** The answer to dailyTotalsSql, by day. */
export function dailyTotalsFromRows(
  columns: VerifiedColumns,
  rows: readonly QueryRow[],
): readonly DayTotals[] {
  const byDay = new Map<string, QueryRow[]>();
  for (const row of rows) {
    const day = row['day'] ?? '';
    byDay.set(day, [...(byDay.get(day) ?? []), row]);
  }
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, ofDay]) => ({ day, totals: totalsFromRows(columns, ofDay) }));
}

function aggregateSql(
  columns: VerifiedColumns,
  from: string,
  condition: string,
  groups: readonly string[],
  present: TableSchema,
): string {
  const currency =
    columns.currencyColumn === undefined
      ? 'CAST(NULL AS STRING)'
      : `t.${quoteColumn(columns.currencyColumn)}`;
  const sums = columns.columns.flatMap((path, i) => columnSums(columns.schema, path, i));
  if (columns.fingerprint)
    sums.push(`${FINGERPRINT_SQL[columns.fingerprint](columns.schema, present)} AS fingerprint`);
  return [
    `SELECT ${[`${currency} AS currency`, ...groups, 'COUNT(*) AS row_count', ...sums].join(',\n  ')}`,
    `FROM ${from}`,
    `WHERE ${condition}`,
    `GROUP BY ${['1', ...groups.map((_, i) => String(i + 2))].join(', ')}`,
  ].join('\n');
}

/** The answer to totalsSql as Totals. */
export function totalsFromRows(columns: VerifiedColumns, rows: readonly QueryRow[]): Totals {
  const parts = rows.map((row) => [
    {
      currency: row['currency'] ?? null,
      rows: count(row, 'row_count'),
      columns: Object.fromEntries(columns.columns.map((path, i) => [path, columnTotal(row, i)])),
      ...(columns.fingerprint && { fingerprint: row['fingerprint'] ?? '0' }),
    },
  ]);
  return addTotals(parts);
}

function columnTotal(row: QueryRow, i: number): ColumnTotal {
  return {
    sum: decimalText(parseDecimal(row[`c${i}_sum`] ?? '0', SUM_SCALE), SUM_SCALE),
    nan: count(row, `c${i}_nan`),
    positiveInfinity: count(row, `c${i}_positive_infinity`),
    negativeInfinity: count(row, `c${i}_negative_infinity`),
  };
}

function count(row: QueryRow, name: string): number {
  return Number(row[name] ?? 0);
}

function columnSums(schema: TableSchema, path: string, i: number): string[] {
  const { value, unnested, type } = valueAt(schema, path);
  const aggregate = (inner: string, outer: string): string =>
    unnested.length === 0 ? inner : `${outer}((SELECT ${inner} FROM ${unnested.join(', ')}))`;
  const sum = `CAST(${aggregate(`SUM(${exact(value, type)})`, 'SUM')} AS STRING) AS c${i}_sum`;
  if (type !== 'FLOAT64') return [sum];
  const counted = (condition: string, name: string): string =>
    `${aggregate(`COUNTIF(${condition})`, 'SUM')} AS c${i}_${name}`;
  return [
    sum,
    counted(`IS_NAN(${value})`, 'nan'),
    counted(`IS_INF(${value}) AND ${value} > 0`, 'positive_infinity'),
    counted(`IS_INF(${value}) AND ${value} < 0`, 'negative_infinity'),
  ];
}

/** The value that is added up: exact for every type, and never a NaN or infinity, on which CAST fails. */
function exact(value: string, type: Field['type']): string {
  if (type !== 'FLOAT64') return `CAST(${value} AS BIGNUMERIC)`;
  const finite = `IF(IS_NAN(${value}) OR IS_INF(${value}), NULL, ${value})`;
  return `ROUND(CAST(${finite} AS BIGNUMERIC), ${FLOAT_DECIMALS})`;
}

type Value = { readonly value: string; readonly unnested: readonly string[]; readonly type: Field['type'] };

/** Walks a dotted path; each repeated step becomes an UNNEST, so that a row is looked into and never multiplied. */
function valueAt(schema: TableSchema, path: string): Value {
  let value = 't';
  let type: Field['type'] = 'STRUCT';
  const unnested: string[] = [];
  const steps = path.split('.');
  steps.forEach((step, depth) => {
    const field = fieldAt(schema, steps.slice(0, depth + 1).join('.'));
    if (!field) throw notSummable(path, 'does not exist');
    value = `${value}.${quoteColumn(step)}`;
    type = field.type;
    if (field.mode !== 'REPEATED') return;
    const element = `u${unnested.length}`;
    unnested.push(`UNNEST(${value}) AS ${element}`);
    value = element;
  });
  if (!SUMMABLE.includes(type)) throw notSummable(path, `has type ${type}`);
  return { value, unnested, type };
}

const SUMMABLE: readonly string[] = ['FLOAT64', 'NUMERIC', 'BIGNUMERIC', 'INT64'];

function notSummable(path: string, why: string): TerminalError {
  return new TerminalError(
    'invalid_configuration',
    `verify column ${path} ${why}; verify_columns must name numbers`,
  );
}
