/** Exact totals of the rows of a batch, taken from the columns as they arrived. */
import { addDays } from '../job/day-totals.ts';
import {
  addTotals,
  decimalText,
  type ColumnTotal,
  type CurrencyTotals,
  type DayTotals,
  type Totals,
} from '../job/totals.ts';
import type { ColumnNode } from './column-node.ts';
import { CurrencyGroups } from './currency-groups.ts';
import { FloatSum, IntegerSum } from './exact-sum.ts';
import type { Slice, Span } from './slice.ts';
import type { SummedColumn, Summation } from './summation.ts';

/** By currency, every column of the summation; a value within a NULL counts as little as a NULL. */
export function batchTotals(summation: Summation, slices: readonly Slice[]): Totals {
  const parts = groupTotals(summation, slices).map(({ totals }) => [totals]);
  return addTotals(parts);
}

/** The same by day of a cursor that is never NULL; with a digest for each row of the slices, they are added up as well. */
export function batchDays(
  summation: Summation,
  slices: readonly Slice[],
  cursor: ColumnNode,
  digests?: readonly BigUint64Array[],
): readonly DayTotals[] {
  const groups = groupTotals(summation, slices, cursor, digests);
  return addDays(groups.map(({ day = '', totals }) => [{ day, totals: [totals] }]));
}

function groupTotals(
  summation: Summation,
  slices: readonly Slice[],
  cursor?: ColumnNode,
  digests?: readonly BigUint64Array[],
): readonly { readonly day: string | undefined; readonly totals: CurrencyTotals }[] {
  const currencies = new CurrencyGroups(summation.currency, cursor);
  const groupsOf = slices.map((slice) => currencies.of(slice));
  const fingerprints = digests && currencies.groups.map(() => 0n);
  if (fingerprints)
    groupsOf.forEach((groupOfRow, i) => addDigests(groupOfRow, digests[i] as BigUint64Array, fingerprints));
  const columns = summation.columns.map((column) => {
    const sums = currencies.groups.map(() => emptySum(column));
    slices.forEach((slice, i) => addValues(slice, groupsOf[i] as Int32Array, column, sums));
    return { path: column.path, totals: sums.map(columnTotal) };
  });
  return currencies.groups.map(({ currency, day, rows }, group) => ({
    day,
    totals: {
      currency,
      rows,
      columns: Object.fromEntries(columns.map(({ path, totals }) => [path, totals[group] as ColumnTotal])),
      ...(fingerprints && { fingerprint: String(fingerprints[group]) }),
    },
  }));
}

function addDigests(groupOfRow: Int32Array, digests: BigUint64Array, fingerprints: bigint[]): void {
  groupOfRow.forEach((group, row) => {
    fingerprints[group] = (fingerprints[group] as bigint) + (digests[row] as bigint);
  });
}

/** Group of the values that lie within a NULL. */
const NOWHERE = -1;

function addValues(
  slice: Slice,
  groupOfRow: Int32Array,
  column: SummedColumn,
  sums: readonly (FloatSum | IntegerSum)[],
): void {
  const { rows, spans } = slice;
  const { values } = column;
  const groups = column.steps.reduce((above, step) => groupsWithin(slice, step, above), groupOfRow);
  const { start, end } = spans[values.index] as Span;
  const at = rows.valuesStart(values);
  const nullable = rows.validity(values) !== undefined;
  for (let i = start; i < end; i++) {
    const group = groups[i - start] as number;
    if (group === NOWHERE || (nullable && !rows.isValid(values, i))) continue;
    const sum = sums[group];
    if (sum instanceof FloatSum) sum.add(rows.values.getFloat64(at + 8 * i, true));
    else sum?.add(rows.values, at + values.bytes * i);
  }
}

/** Hands the group of each value of a struct or list down to what it holds. */
function groupsWithin(slice: Slice, step: ColumnNode, groups: Int32Array): Int32Array {
  const { rows, spans } = slice;
  const { start, end } = spans[step.index] as Span;
  if (step.kind === 'struct') {
    if (!rows.validity(step)) return groups;
    return groups.map((group, i) => (rows.isValid(step, start + i) ? group : NOWHERE));
  }
  const first = rows.offsetAt(step, start);
  const within = new Int32Array(rows.offsetAt(step, end) - first);
  for (let i = start, from = 0; i < end; i++) {
    const to = rows.offsetAt(step, i + 1) - first;
    const group = rows.isValid(step, i) ? (groups[i - start] as number) : NOWHERE;
    while (from < to) within[from++] = group;
  }
  return within;
}

function emptySum({ number, values }: SummedColumn): FloatSum | IntegerSum {
  return number.kind === 'float64' ? new FloatSum() : new IntegerSum(values.bytes, number.scale);
}

function columnTotal(sum: FloatSum | IntegerSum): ColumnTotal {
  const { nan, positiveInfinity, negativeInfinity } = sum;
  return { sum: decimalText(sum.unscaled(), sum.scale), nan, positiveInfinity, negativeInfinity };
}
