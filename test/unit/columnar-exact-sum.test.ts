// Sums without loss against arithmetic in whole numbers of any size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FloatSum, IntegerSum } from '../../src/columnar/exact-sum.ts';
import { SeededRandom } from '../support/seeded-random.ts';

test('a double counts as its exact value rounded half away from zero to 15 decimals', () => {
  const random = new SeededRandom(20260401);
  for (const value of doubles(random)) {
    const sum = new FloatSum();
    sum.add(value);
    assert.equal(sum.unscaled(), rounded(value), `of ${value}`);
  }
});

test('halves round away from zero on both sides', () => {
  // 2^-16 is 0.0000152587890625: sixteen decimals, of which the last is a half.
  for (const [value, unscaled] of [
    [2 ** -16, 15_258_789_063n],
    [3 * 2 ** -16, 45_776_367_188n],
    [1 + 2 ** -16, 1_000_015_258_789_063n],
  ] as const)
    for (const sign of [1, -1]) {
      const sum = new FloatSum();
      sum.add(sign * value);
      assert.equal(sum.unscaled(), BigInt(sign) * unscaled);
    }
});

test('a sum of doubles loses nothing, in whatever order they come', () => {
  const random = new SeededRandom(7);
  const values = [...doubles(random)].filter((value) => Math.abs(value) < 1e300);
  const expected = values.reduce((total, value) => total + rounded(value), 0n);
  for (const order of [values, values.toReversed(), values.toSorted((a, b) => a - b)]) {
    const sum = new FloatSum();
    for (const value of order) sum.add(value);
    assert.equal(sum.unscaled(), expected);
  }
});

test('cents by the million add up exactly', () => {
  const sum = new FloatSum();
  for (let i = 0; i < 1_000_000; i++) sum.add(i % 2 === 0 ? 0.1 : -0.07);
  assert.equal(sum.unscaled(), 500_000n * (rounded(0.1) - rounded(0.07)));
});

test('what cannot be added is counted apart', () => {
  const sum = new FloatSum();
  for (const value of [NaN, 1.5, Infinity, -Infinity, Infinity, -0]) sum.add(value);
  assert.deepEqual([sum.nan, sum.positiveInfinity, sum.negativeInfinity], [1, 2, 1]);
  assert.equal(sum.unscaled(), 1_500_000_000_000_000n);
});

for (const bytes of [8, 16, 32])
  test(`integers of ${bytes} bytes add up exactly, negative and extreme ones too`, () => {
    const random = new SeededRandom(bytes);
    const bits = bytes * 8;
    const sum = new IntegerSum(bytes, 9);
    let expected = 0n;
    for (let i = 0; i < 5000; i++) {
      const value = BigInt.asIntN(bits, integer(random) >> BigInt(random.below(bits)));
      expected += value;
      sum.add(viewOf(value, bytes), 0);
    }
    const extreme = -(1n << BigInt(bits - 1));
    for (const value of [extreme, extreme, -1n, -extreme - 1n]) {
      expected += value;
      sum.add(viewOf(value, bytes), 0);
    }
    assert.equal(sum.unscaled(), expected);
  });

test('a sum of more integers than fit between two carries is exact', () => {
  const sum = new IntegerSum(16, 9);
  const view = viewOf(-1n, 16);
  for (let i = 0; i < 2 ** 21 + 3; i++) sum.add(view, 0);
  assert.equal(sum.unscaled(), -(2n ** 21n + 3n));
});

/** Every exponent, ties, neighbours of the limits of exact arithmetic, and ordinary amounts of money; both signs. */
function* doubles(random: SeededRandom): Generator<number> {
  const both = function* (value: number): Generator<number> {
    yield value;
    yield -value;
  };
  for (const value of [0, Number.MIN_VALUE, 2 ** -1022, 1e-10, 5e-16, 4.9999999999999e-16, Number.MAX_VALUE])
    yield* both(value);
  for (let exponent = 0; exponent < 2047; exponent++)
    for (let i = 0; i < 20; i++) yield* both(double(random, exponent));
  // Multiples of 2^-16 have at most 16 decimals, the last of them a 5: ties at 15.
  for (let i = 0; i < 20_000; i++) yield* both((2 * random.below(2 ** 22) + 1) / 2 ** 16);
  for (let i = 0; i < 2_000; i++) yield* both((2 * random.below(2 ** 31) + 1) / 2 ** (10 + random.below(20)));
  for (const limit of [
    2 ** 53 / 1e15,
    2 ** 52 / 1e15,
    1,
    10,
    2 ** 51,
    2 ** 52,
    2 ** 53,
    1e15,
    0.25e-15,
    0.5e-15,
    1e-15,
  ])
    for (const value of neighbours(limit, 50)) yield* both(value);
  for (let i = 0; i < 50_000; i++) yield* both(random.below(10 ** 9) / 10 ** random.below(16));
}

function double(random: SeededRandom, exponent: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random.uint32());
  view.setUint32(4, random.uint32());
  view.setUint16(0, (exponent << 4) | (view.getUint16(0) & 0xf));
  return view.getFloat64(0);
}

function neighbours(value: number, reach: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return Array.from({ length: 2 * reach + 1 }, (_, i) => {
    view.setBigInt64(0, bits + BigInt(i - reach));
    return view.getFloat64(0);
  });
}

function rounded(value: number): bigint {
  return value < 0 ? -roundedOf(-value) : roundedOf(value);
}

/** A double is mantissa · 2^exponent; the product with 10^15 is rounded in whole numbers. */
function roundedOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = (bits >> 52n) & 0x7ffn;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (biased === 0n ? 0n : 1n << 52n);
  const exponent = (biased === 0n ? 1n : biased) - 1075n;
  const product = mantissa * 10n ** 15n;
  if (exponent >= 0n) return product << exponent;
  const unit = 1n << -exponent;
  return (product + unit / 2n) / unit;
}

function integer(random: SeededRandom): bigint {
  return Array.from({ length: 8 }).reduce((value: bigint) => (value << 32n) | BigInt(random.uint32()), 0n);
}

function viewOf(value: bigint, bytes: number): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  for (let i = 0; i < bytes / 8; i++)
    view.setBigInt64(8 * i, BigInt.asIntN(64, value >> BigInt(64 * i)), true);
  return view;
}
