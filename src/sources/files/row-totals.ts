/** The exact totals of rows, taken value by value from the files, apart from the way on which rows are copied. */
import { FloatSum } from '../../columnar/exact-sum.ts';
import type { Row, RowValue } from '../../columnar/row-value.ts';
import type { VerifiedColumns } from '../../etl/source.ts';
import { addTotals, decimalText, parseDecimal, type ColumnTotal, type Totals } from '../../job/totals.ts';

/** BIGNUMERIC's scale, the largest there is. */
const SUM_SCALE = 38;

/** By currency, every column wanted. */
export function rowTotals(rows: readonly Row[], { columns, currencyColumn }: VerifiedColumns): Totals {
  return addTotals(
    rows.map((row) => [
      {
        currency: currencyOf(row, currencyColumn),
        rows: 1,
        columns: Object.fromEntries(
          columns.map((path) => [path, columnTotal(valuesAt(row, path.split('.')))]),
        ),
      },
    ]),
  );
}

function currencyOf(row: Row, column: string | undefined): string | null {
  const currency = column === undefined ? null : (row[column] ?? null);
  return typeof currency === 'string' ? currency : null;
}

function columnTotal(values: readonly RowValue[]): ColumnTotal {
  const floats = new FloatSum();
  let integers = 0n;
  for (const value of values) {
    if (typeof value === 'number') floats.add(value);
    else if (typeof value === 'bigint') integers += value * 10n ** BigInt(SUM_SCALE);
    else if (typeof value === 'string') integers += parseDecimal(value, SUM_SCALE);
  }
  const unscaled = integers + floats.unscaled() * 10n ** BigInt(SUM_SCALE - floats.scale);
  const { nan, positiveInfinity, negativeInfinity } = floats;
  return { sum: decimalText(unscaled, SUM_SCALE), nan, positiveInfinity, negativeInfinity };
}

/** Every value at a path, looking into lists. */
function valuesAt(value: RowValue, path: readonly string[]): readonly RowValue[] {
  if (value === null) return [];
  if (Array.isArray(value)) return (value as readonly RowValue[]).flatMap((item) => valuesAt(item, path));
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  return valuesAt((value as Row)[name] ?? null, rest);
}
