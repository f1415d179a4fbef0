/** Exact totals of a set of rows: counts and sums per currency, which both sides of a copy must agree on. */

/**
 * One verified column: the exact sum of its finite values as canonical decimal text, NULL values counting as nothing,
 * and the values that cannot be summed counted apart. A FLOAT64 enters as its exact binary value rounded half away
 * from zero to 15 decimals. Source: spec.md §5, step 5.
 */
export type ColumnTotal = {
  readonly sum: string;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
};

/** The rows of one currency (null where the currency is NULL or the table has none), with a total per verified column path. */
export type CurrencyTotals = {
  readonly currency: string | null;
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnTotal>>;
  /** Σ of a 64-bit hash of every column of each row as decimal text, where it was asked for: whatever their order, equal rows add up the same. */
  readonly fingerprint?: string;
};

/** Sorted by currency, null first, so that equal totals are equal text. */
export type Totals = readonly CurrencyTotals[];

/**
 * How each row is hashed for a fingerprint: `in_sql` on both sides by the same expression, `anywhere` so that a process can do
 * it too.
 */
export type FingerprintKind = 'in_sql' | 'anywhere';

/** The totals of the rows whose cursor lies on one day, UTC (`2026-01-31`). */
export type DayTotals = { readonly day: string; readonly totals: Totals };

export const DEFAULT_VERIFY_COLUMNS = ['cost', 'credits.amount'] as const;
export const CURRENCY_COLUMN = 'currency';
/** The same for rows in FOCUS columns. */
export const FOCUS_VERIFY_COLUMNS = ['BilledCost', 'EffectiveCost'] as const;
export const FOCUS_CURRENCY_COLUMN = 'BillingCurrency';
/** Decimals to which a FLOAT64 is rounded before it is summed. */
export const FLOAT_DECIMALS = 15;

/** Adds totals of disjoint sets of rows. */
export function addTotals(parts: readonly Totals[]): Totals {
  const byCurrency = new Map<string | null, CurrencyTotals>();
  for (const part of parts.flat()) {
    const sofar = byCurrency.get(part.currency);
    byCurrency.set(part.currency, sofar ? addCurrency(sofar, part) : part);
  }
  return [...byCurrency.values()].sort(byCurrencyName);
}

/** The same totals without sums that some of them lack: what other columns were added up in is no difference. Rows are never left out. */
export function onCommonColumns(parts: readonly Totals[]): readonly Totals[] {
  const all = parts.flat();
  const isCommon = (path: string): boolean => all.every(({ columns }) => path in columns);
  return parts.map((part) =>
    part.map((entry) => ({
      ...entry,
      columns: Object.fromEntries(Object.entries(entry.columns).filter(([path]) => isCommon(path))),
    })),
  );
}

/** One line per difference, empty when both sides agree to the last decimal; names say which side is which. Fingerprints are compared where both sides have them. */
export function totalsDifference(left: Totals, right: Totals, names: readonly [string, string]): string[] {
  const currencies = new Set([...left, ...right].map((entry) => entry.currency));
  return [...currencies].flatMap((currency) => {
    const [a, b] = [left, right].map(
      (side) => side.find((entry) => entry.currency === currency) ?? emptyCurrency(currency),
    );
    return currencyDifference(a as CurrencyTotals, b as CurrencyTotals, names);
  });
}

/** The fingerprint of all rows; undefined unless every currency has one. */
export function totalFingerprint(totals: Totals): string | undefined {
  return totals.map(({ fingerprint }) => fingerprint).reduce(addFingerprints, '0');
}

/** Rows over all currencies. */
export function totalRows(totals: Totals): number {
  return totals.reduce((rows, entry) => rows + entry.rows, 0);
}

/** Canonical decimal text of unscaled · 10^-scale: no exponent, no trailing zeros, `-0` is `0`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative && text !== '0' ? `-${text}` : text;
}

/** The unscaled value of decimal text (an exponent is allowed) at the given scale; throws when it has more decimals than scale. */
export function parseDecimal(text: string, scale: number): bigint {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (!match || (match[2] ?? '') + (match[3] ?? '') === '')
    throw new RangeError(`"${text}" is not a decimal number`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const shift = scale - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  if (shift < 0 && digits % 10n ** BigInt(-shift) !== 0n)
    throw new RangeError(`"${text}" has more than ${scale} decimals`);
  const unscaled = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign === '-' ? -unscaled : unscaled;
}

// BIGNUMERIC's scale: every sum of any supported type fits without loss.
const SUM_SCALE = 38;

function addCurrency(a: CurrencyTotals, b: CurrencyTotals): CurrencyTotals {
  const columns = { ...a.columns };
  for (const [path, total] of Object.entries(b.columns)) {
    const sofar = columns[path];
    columns[path] = sofar ? addColumn(sofar, total) : total;
  }
  const fingerprint = addFingerprints(a.fingerprint, b.fingerprint);
  const { currency } = a;
  return { currency, rows: a.rows + b.rows, columns, ...(fingerprint !== undefined && { fingerprint }) };
}

/** Added and not XORed, by which two identical rows, which are legal, would count as none. */
function addFingerprints(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || b === undefined ? undefined : String(BigInt(a) + BigInt(b));
}

function addColumn(a: ColumnTotal, b: ColumnTotal): ColumnTotal {
  return {
    sum: decimalText(parseDecimal(a.sum, SUM_SCALE) + parseDecimal(b.sum, SUM_SCALE), SUM_SCALE),
    nan: a.nan + b.nan,
    positiveInfinity: a.positiveInfinity + b.positiveInfinity,
    negativeInfinity: a.negativeInfinity + b.negativeInfinity,
  };
}

function currencyDifference(
  a: CurrencyTotals,
  b: CurrencyTotals,
  [left, right]: readonly [string, string],
): string[] {
  const name = a.currency ?? 'no currency';
  const lines = a.rows === b.rows ? [] : [`${name}: ${a.rows} rows ${left}, ${b.rows} ${right}`];
  for (const path of new Set([...Object.keys(a.columns), ...Object.keys(b.columns)])) {
    const [x, y] = [a.columns[path] ?? ZERO_COLUMN, b.columns[path] ?? ZERO_COLUMN];
    if (columnText(x) !== columnText(y))
      lines.push(`${name}: Σ ${path} ${columnText(x)} ${left}, ${columnText(y)} ${right}`);
  }
  if (a.fingerprint !== undefined && b.fingerprint !== undefined && a.fingerprint !== b.fingerprint)
    lines.push(`${name}: fingerprint ${a.fingerprint} ${left}, ${b.fingerprint} ${right}`);
  return lines;
}

function columnText(total: ColumnTotal): string {
  const sum = decimalText(parseDecimal(total.sum, SUM_SCALE), SUM_SCALE);
  const apart = [
    [total.nan, 'NaN'],
    [total.positiveInfinity, '+inf'],
    [total.negativeInfinity, '-inf'],
  ].filter(([count]) => count !== 0);
  return [sum, ...apart.map(([count, kind]) => `${count} × ${kind}`)].join(' + ');
}

const ZERO_COLUMN: ColumnTotal = { sum: '0', nan: 0, positiveInfinity: 0, negativeInfinity: 0 };

function emptyCurrency(currency: string | null): CurrencyTotals {
  return { currency, rows: 0, columns: {} };
}

function byCurrencyName(a: CurrencyTotals, b: CurrencyTotals): number {
  if (a.currency === b.currency) return 0;
  if (a.currency === null) return -1;
  if (b.currency === null) return 1;
  return a.currency < b.currency ? -1 : 1;
}
