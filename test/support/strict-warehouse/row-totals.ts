// The exact totals of rows by the rule of spec.md §5, worked out from the values one by one: what the product is checked against.
import { createHash } from 'node:crypto';
import { exactMoney } from '../../../dev/billing-export/exact-money.ts';
import { rowDigest } from '../../../src/columnar/row-digest.ts';
import type { VerifiedColumns } from '../../../src/etl/source.ts';
import { formatInstant } from '../../../src/job/instant.ts';
import { LINEAGE_FIELDS, type TableSchema } from '../../../src/job/table-schema.ts';
import {
  addTotals,
  decimalText,
  type ColumnTotal,
  type DayTotals,
  type Totals,
} from '../../../src/job/totals.ts';
import type { Cell, Row } from './arrow-rows.ts';

const FLOAT_SCALE = 15;

/** The totals of the rows per currency. */
export function rowTotals(
  rows: readonly Row[],
  { columns, currencyColumn, schema, fingerprint }: VerifiedColumns,
): Totals {
  return addTotals(
    rows.map((row) => [
      {
        currency: currencyColumn === undefined ? null : ((row[currencyColumn] ?? null) as string | null),
        rows: 1,
        columns: Object.fromEntries(
          columns.map((path) => [path, columnTotal(valuesAt(row as Cell, path.split('.')))]),
        ),
        ...(fingerprint && { fingerprint: FINGERPRINT[fingerprint](row, withoutLineage(schema)) }),
      },
    ]),
  );
}

/** The totals of the rows by day of a cursor, UTC. */
export function rowTotalsByDay(
  rows: readonly Row[],
  cursorField: string,
  columns: VerifiedColumns,
): readonly DayTotals[] {
  const dayOf = (row: Row): string => formatInstant(row[cursorField] as bigint).slice(0, 10);
  return [...new Set(rows.map(dayOf))].sort().map((day) => ({
    day,
    totals: rowTotals(
      rows.filter((row) => dayOf(row) === day),
      columns,
    ),
  }));
}

/** What a process works out by itself has to be what the product works out. */
const FINGERPRINT = {
  in_sql: fingerprintOf,
  anywhere: (row: Row, schema: TableSchema) => String(rowDigest(schema)(row)),
};

function withoutLineage(schema: TableSchema): TableSchema {
  return schema.filter(({ name }) => !LINEAGE_FIELDS.some((own) => own.name === name));
}

/** A hash of every cell, in the order of the schema. */
function fingerprintOf(row: Row, schema: TableSchema): string {
  const text = JSON.stringify(
    schema.map(({ name }) => row[name] ?? null),
    (_, cell: unknown) =>
      typeof cell === 'bigint' || typeof cell === 'number' ? `${typeof cell} ${cell}` : cell,
  );
  return createHash('sha256').update(text).digest().readBigInt64BE().toString();
}

/** Every value at a path, looking into lists. */
function valuesAt(cell: Cell, path: readonly string[]): readonly Cell[] {
  if (cell === null) return [];
  if (Array.isArray(cell)) return (cell as readonly Cell[]).flatMap((item) => valuesAt(item, path));
  const [name, ...rest] = path;
  if (name === undefined) return [cell];
  return valuesAt((cell as { readonly [name: string]: Cell })[name] ?? null, rest);
}

function columnTotal(values: readonly Cell[]): ColumnTotal {
  const numbers = values.filter((value) => typeof value === 'number');
  const units = values.map((value) => {
    if (typeof value === 'number') return Number.isFinite(value) ? exactMoney(value) : 0n;
    return typeof value === 'bigint' ? value * 10n ** BigInt(FLOAT_SCALE) : 0n;
  });
  return {
    sum: decimalText(
      units.reduce((sum, value) => sum + value, 0n),
      FLOAT_SCALE,
    ),
    nan: numbers.filter(Number.isNaN).length,
    positiveInfinity: numbers.filter((value) => value === Infinity).length,
    negativeInfinity: numbers.filter((value) => value === -Infinity).length,
  };
}
