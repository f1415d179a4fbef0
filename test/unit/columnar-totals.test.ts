// Totals of batches against the same sums taken row by row in whole numbers.
import {
  Bool,
  type DataType,
  Decimal,
  Field,
  Float64,
  Int64,
  List,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingExportBatches, serializedSchema } from '../../dev/billing-export/billing-export.ts';
import { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';
import {
  addTotals,
  CURRENCY_COLUMN,
  decimalText,
  DEFAULT_VERIFY_COLUMNS,
  type ColumnTotal,
  type Totals,
} from '../../src/job/totals.ts';
import { cut, layoutOf, anyLiberties, messagesOf } from '../support/columnar-cutting.ts';
import type { Row } from '../support/arrow-values.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const field = (name: string, type: DataType): Field => new Field(name, type, true);
const list = (type: DataType): List => new List(field('item', type));
const CREDIT = new Struct([
  field('name', new Utf8()),
  field('amount', new Float64()),
  field('parts', list(new Struct([field('value', new Decimal(38, 76, 256))]))),
]);
const SCHEMA = new Schema([
  field('export_time', new TimestampMicrosecond('UTC')),
  field('cost', new Float64()),
  field('currency', new Utf8()),
  field('credits', list(CREDIT)),
  field(
    'price',
    new Struct([
      field('list', new Decimal(9, 38, 128)),
      field('tier', new Struct([field('steps', list(new Int64()))])),
    ]),
  ),
  field('flag', new Bool()),
]);
const COLUMNS = ['cost', 'credits.amount', 'credits.parts.value', 'price.list', 'price.tier.steps'];
const LAYOUT = layoutOf(SCHEMA, { verify: { columns: COLUMNS, currencyColumn: 'currency', schema: [] } });

test('sums per currency are exact through structs, lists and lists of lists, with NULLs at every level', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new SeededRandom(seed);
    const rows = Array.from({ length: random.below(80) }, () => randomRow(random));
    const messages = messagesOf(SCHEMA, rows, [1 + random.below(30)], anyLiberties(random));
    const batches = await cut(LAYOUT, messages, { maxRows: 1 + random.below(50) });
    for (const batch of batches) {
      const part = rows.slice(batch.readOffset, batch.readOffset + batch.rows.rowCount);
      assert.deepEqual(batch.totals, totalsOf(part), `seed ${seed}, rows from ${batch.readOffset}`);
    }
    assert.deepEqual(addTotals(batches.map((batch) => batch.totals)), totalsOf(rows), `seed ${seed}`);
  }
});

test('the totals of a copied billing export are those its generator kept', async () => {
  const truth = new TruthLedger();
  const options = {
    seed: 1,
    organization: 'acme',
    rows: 5000,
    firstExportTime: 1_775_000_000_000_000n,
    batchRows: 300,
  };
  const messages = [...billingExportBatches({ ...options, truth })].map(
    ({ serializedRecordBatch, rowCount }) => ({
      recordBatch: serializedRecordBatch,
      rowCount,
    }),
  );
  const verify = { columns: DEFAULT_VERIFY_COLUMNS, currencyColumn: CURRENCY_COLUMN, schema: [] };
  const batches = await cut(layoutOf(SCHEMA, { arrowSchema: serializedSchema, verify }), messages, {
    maxRows: 777,
  });
  const expected = [...truth.byCurrency()].map(([currency, { rows, cost, credits }]) => [
    { currency, rows, columns: { cost: total([cost], 15), 'credits.amount': total([credits], 15) } },
  ]);
  assert.deepEqual(addTotals(batches.map((batch) => batch.totals)), addTotals(expected));
});

test('currencies are sorted, NULL first, and rows without a value count as rows', async () => {
  const rows = ['USD', null, 'EUR', 'USD', 'EU', 'EURO', '', 'grün'].map((currency) => [
    1n,
    null,
    currency,
    null,
    null,
    null,
  ]);
  const [batch] = await cut(LAYOUT, messagesOf(SCHEMA, rows, [3]));
  assert.deepEqual(
    batch?.totals.map(({ currency, rows: count }) => [currency, count]),
    [
      [null, 1],
      ['', 1],
      ['EU', 1],
      ['EUR', 1],
      ['EURO', 1],
      ['USD', 2],
      ['grün', 1],
    ],
  );
  assert.deepEqual(batch.totals[0]?.columns['cost'], zero());
});

test('what is no number is counted apart, by currency', async () => {
  const rows = [NaN, 1.5, Infinity, -Infinity, NaN].map((cost, i) => [
    1n,
    cost,
    i < 4 ? 'EUR' : 'USD',
    null,
    null,
    null,
  ]);
  const [batch] = await cut(LAYOUT, messagesOf(SCHEMA, rows, [5]));
  assert.deepEqual(
    batch?.totals.map(({ columns }) => columns['cost']),
    [
      { sum: '1.5', nan: 1, positiveInfinity: 1, negativeInfinity: 1 },
      { ...zero(), nan: 1 },
    ],
  );
});

test('without a currency column all rows are of no currency', async () => {
  const layout = layoutOf(SCHEMA, { verify: { columns: ['COST'], currencyColumn: undefined, schema: [] } });
  const rows = ['USD', null, 'EUR'].map((currency) => [1n, 0.1, currency, null, null, null]);
  const [batch] = await cut(layout, messagesOf(SCHEMA, rows, [2]));
  assert.deepEqual(batch?.totals, [
    { currency: null, rows: 3, columns: { COST: { ...zero(), sum: '0.3' } } },
  ]);
});

test('a currency within a struct is NULL where the struct is', async () => {
  const schema = new Schema([
    field('export_time', new TimestampMicrosecond('UTC')),
    field('invoice', new Struct([field('currency', new Utf8())])),
  ]);
  const layout = layoutOf(schema, {
    verify: { columns: [], currencyColumn: 'invoice.currency', schema: [] },
  });
  const random = new SeededRandom(3);
  const liberties = {
    random,
    alignment: 8,
    looseOffsets: true,
    garbageUnderNull: true,
    spareBitmaps: true,
  } as const;
  const rows = [
    [1n, ['EUR']],
    [1n, null],
    [1n, [null]],
    [1n, ['EUR']],
    [1n, null],
  ];
  const [batch] = await cut(
    layout,
    messagesOf(schema, rows, [5], () => liberties),
  );
  assert.deepEqual(batch?.totals, [
    { currency: null, rows: 3, columns: {} },
    { currency: 'EUR', rows: 2, columns: {} },
  ]);
});

function randomRow(random: SeededRandom): Row {
  const maybe = <T>(value: () => T): T | null => (random.chance(0.2) ? null : value());
  const several = <T>(value: () => T): T[] => Array.from({ length: random.below(4) }, value);
  // Few enough decimals and digits that whole numbers of 10^-15 hold them.
  const money = (): number => (random.below(2 ** 31) - 2 ** 30) / 2 ** random.below(15);
  const wide = (bits: bigint): bigint =>
    BigInt.asIntN(Number(bits), (BigInt(random.uint32()) - 2n ** 31n) << (bits - 40n));
  const credit = (): Row => [
    'c',
    maybe(money),
    maybe(() => several(() => maybe(() => [maybe(() => wide(240n))]))),
  ];
  return [
    1n,
    maybe(money),
    maybe(() => random.pick(['USD', 'EUR', 'JPY'])),
    maybe(() => several(() => maybe(credit))),
    maybe(() => [maybe(() => wide(120n)), maybe(() => [maybe(() => several(() => maybe(() => wide(60n))))])]),
    random.chance(0.5),
  ];
}

/** The totals by definition: one row, one value after the other. */
function totalsOf(rows: readonly Row[]): Totals {
  return addTotals(
    [
      rows.map(([, cost, currency, credits, price]) => {
        const present = ((credits ?? []) as (Row | null)[]).filter((credit) => credit !== null);
        const [listPrice, tier] = (price ?? [null, null]) as [bigint | null, [bigint[] | null] | null];
        const parts = present.flatMap(([, , all]) => (all ?? []) as ([bigint | null] | null)[]);
        return {
          currency: currency as string | null,
          rows: 1,
          columns: {
            cost: total([money15(cost)], 15),
            'credits.amount': total(
              present.map(([, amount]) => money15(amount)),
              15,
            ),
            'credits.parts.value': total(
              parts.map((part) => part?.[0] ?? 0n),
              38,
            ),
            'price.list': total([listPrice ?? 0n], 9),
            'price.tier.steps': total(
              (tier?.[0] ?? []).map((step: bigint | null) => step ?? 0n),
              0,
            ),
          },
        };
      }),
    ].flatMap((entries) => entries.map((entry) => [entry])),
  );
}

function money15(value: unknown): bigint {
  // A multiple of 2^-14 has 14 decimals, so that nothing is rounded.
  return value === null ? 0n : (BigInt((value as number) * 2 ** 14) * 10n ** 15n) / 2n ** 14n;
}

function total(unscaled: readonly bigint[], scale: number): ColumnTotal {
  return {
    ...zero(),
    sum: decimalText(
      unscaled.reduce((sum, value) => sum + value, 0n),
      scale,
    ),
  };
}

function zero(): ColumnTotal {
  return { sum: '0', nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
}
