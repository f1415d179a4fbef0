// Money in SQL: a FLOAT64 counts as its exact binary value, rounded half away from zero, and sums lose nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newDataset, rowsOf, warehouseOfThisFile } from './bigquery-emulator-client.ts';

const warehouse = warehouseOfThisFile();

interface ExactSum {
  readonly currency: string;
  readonly cost: { toFixed(): string };
  readonly credits: { toFixed(): string };
}

const BIGNUMERIC_UNIT = 10n ** 38n;

/** The double's binary value · 10^decimals, rounded half away from zero, by way of BIGNUMERIC's 38 decimals. */
function scaled(value: number, decimals: number): bigint {
  const [numerator, denominator] = fractionOf(Math.abs(value));
  const at38 = roundedDivision(numerator * BIGNUMERIC_UNIT, denominator);
  const magnitude = roundedDivision(at38, BIGNUMERIC_UNIT / 10n ** BigInt(decimals));
  return value < 0 ? -magnitude : magnitude;
}

function fractionOf(value: number): [bigint, bigint] {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const stored = Number((bits.getBigUint64(0) >> 52n) & 2047n);
  const mantissa = (bits.getBigUint64(0) & ((1n << 52n) - 1n)) + (stored === 0 ? 0n : 1n << 52n);
  const exponent = Math.max(stored, 1) - 1075;
  return exponent >= 0 ? [mantissa << BigInt(exponent), 1n] : [mantissa, 1n << BigInt(-exponent)];
}

function roundedDivision(numerator: bigint, denominator: bigint): bigint {
  return (2n * numerator + denominator) / (2n * denominator);
}

function decimal(scaledValue: bigint, decimals: number): string {
  const digits = (scaledValue < 0n ? -scaledValue : scaledValue).toString().padStart(decimals + 1, '0');
  const text = `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.replace(/\.?0+$/, '');
  return scaledValue < 0n ? `-${text}` : text;
}

const HARD_VALUES = [
  1e-10, 0.1, -123456.789, 5e-324, 1e15 + 0.3, 5e-16, 1.5e-15, -2.5e-15, 4.999999999999999e-16, 0.3, 2 ** -24 * 3, -1 / 3,
  1e22, 123456789012.34567, 3.1e-8, -0.5, 0,
]; // prettier-ignore

test('sums of rounded BIGNUMERIC values are exact, in a column and inside an array', async () => {
  const dataset = await newDataset(warehouse());
  await rowsOf(
    warehouse(),
    `CREATE TABLE ${dataset}.t (currency STRING, cost FLOAT64, credits ARRAY<STRUCT<amount FLOAT64>>)`,
  );
  const rows = HARD_VALUES.map(
    (value, index) =>
      `('${index % 2 === 0 ? 'EUR' : 'USD'}', ${literal(value)}, [STRUCT(${literal(value)}), STRUCT(${literal(-value / 3)})])`,
  );
  await rowsOf(warehouse(), `INSERT INTO ${dataset}.t VALUES ${rows.join(', ')}`);

  const sums = await rowsOf<ExactSum>(
    warehouse(),
    `SELECT currency, SUM(ROUND(CAST(cost AS BIGNUMERIC), 15)) AS cost,
       SUM((SELECT SUM(ROUND(CAST(c.amount AS BIGNUMERIC), 15)) FROM UNNEST(credits) AS c)) AS credits
     FROM ${dataset}.t GROUP BY currency ORDER BY currency`,
  );

  const expected = ['EUR', 'USD'].map((currency, parity) => {
    const values = HARD_VALUES.filter((_, index) => index % 2 === parity);
    const sum = (numbers: number[]): string =>
      decimal(
        numbers.reduce((total, n) => total + scaled(n, 15), 0n),
        15,
      );
    return { currency, cost: sum(values), credits: sum(values.flatMap((value) => [value, -value / 3])) };
  });
  assert.deepEqual(
    sums.map(({ currency, cost, credits }) => ({
      currency,
      cost: cost.toFixed(),
      credits: credits.toFixed(),
    })),
    expected,
  );
});

test('a hundred thousand rows are summed exactly', async () => {
  const [{ cost, credits }] = (await rowsOf<ExactSum>(
    warehouse(),
    `SELECT SUM(ROUND(CAST(cost AS BIGNUMERIC), 15)) AS cost,
       SUM((SELECT SUM(ROUND(CAST(c.amount AS BIGNUMERIC), 15)) FROM UNNEST(credits) AS c)) AS credits
     FROM (SELECT 1e15 + 0.3 + id * 0.1 AS cost, [STRUCT(id * 1e-7 AS amount), STRUCT(-0.1 AS amount)] AS credits
           FROM UNNEST(GENERATE_ARRAY(0, 99999)) AS id)`,
  )) as [ExactSum];
  let costs = 0n;
  let amounts = 0n;
  for (let id = 0; id < 100_000; id++) {
    costs += scaled(1e15 + 0.3 + id * 0.1, 15);
    amounts += scaled(id * 1e-7, 15) + scaled(-0.1, 15);
  }
  assert.deepEqual([cost.toFixed(), credits.toFixed()], [decimal(costs, 15), decimal(amounts, 15)]);
});

test('a conversion to NUMERIC rounds half away from zero to nine decimals', async () => {
  const [row] = await rowsOf<Record<string, { toFixed(): string }>>(
    warehouse(),
    `SELECT CAST(0.1 AS NUMERIC) AS tenth, CAST(0.0000000005 AS NUMERIC) AS half, CAST(-0.0009765625 AS NUMERIC) AS negative,
       CAST(BIGNUMERIC '2.0000000005' AS NUMERIC) AS narrowed, CAST(NUMERIC '1.5' AS BIGNUMERIC) AS widened`,
  );
  const texts = Object.fromEntries(Object.entries(row!).map(([name, value]) => [name, value.toFixed()]));
  assert.deepEqual(texts, {
    tenth: '0.1',
    half: '0.000000001',
    negative: '-0.000976563',
    narrowed: '2.000000001',
    widened: '1.5',
  });
});

test('NaN and infinity have no decimal: an error, and NULL for SAFE_CAST', async () => {
  for (const special of ['nan', 'inf']) {
    const cast = `CAST(CAST('${special}' AS FLOAT64) AS BIGNUMERIC)`;
    await assert.rejects(
      rowsOf(warehouse(), `SELECT ${cast}`),
      /non-finite floating point number to BIGNUMERIC/,
    );
    const safe = await rowsOf(warehouse(), `SELECT ROUND(SAFE_${cast}, 15) AS a, SAFE_${cast} AS b`);
    assert.deepEqual(safe, [{ a: null, b: null }]);
  }
});

test('a decimal that the stand-in cannot hold is refused, not rounded', async () => {
  await assert.rejects(rowsOf(warehouse(), 'SELECT CAST(1e30 AS BIGNUMERIC)'), /BIGNUMERIC out of range/);
});

function literal(value: number): string {
  return `CAST('${value}' AS FLOAT64)`;
}
