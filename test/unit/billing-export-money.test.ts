// The oracle's money rule, checked against the exact decimal notation that Number.prototype.toFixed is specified to give.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactMoney, formatMoney, parseMoney } from '../../dev/billing-export/exact-money.ts';
import { Random } from '../../dev/billing-export/random.ts';

/** Exact by its definition below 1e21: the integer nearest to x * 10^15, the larger one of two, sign set aside. */
function byToFixed(amount: number): bigint {
  return BigInt(amount.toFixed(15).replace('.', ''));
}

test('a double counts as its exact binary value, not as the decimal it is written as', () => {
  assert.equal(exactMoney(0.1), 100_000_000_000_000n);
  assert.equal(exactMoney(1.1), 1_100_000_000_000_000n);
  assert.equal(exactMoney(1234567.1), 1_234_567_100_000_000_093_132n);
  assert.equal(exactMoney(1e-10), 100_000n);
  assert.equal(exactMoney(1e22), 10n ** 37n);
});

test('a tie at the fifteenth decimal goes away from zero on both sides', () => {
  const tie = 2 ** -16;
  assert.equal(tie.toString(), '0.0000152587890625');
  assert.equal(exactMoney(tie), 15_258_789_063n);
  assert.equal(exactMoney(-tie), -15_258_789_063n);
});

test('zeros and the smallest doubles count as nothing', () => {
  for (const amount of [0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, 4.9e-16]) {
    assert.equal(exactMoney(amount), 0n, `${amount}`);
  }
});

test('what is no number is refused', () => {
  for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => exactMoney(amount), /no amount of money/);
  }
});

test('doubles of every magnitude agree with toFixed', () => {
  const random = new Random('money');
  for (let i = 0; i < 20_000; i++) {
    const amount = (random.fineFraction() - 0.5) * 2 ** random.between(-60, 60);
    assert.equal(exactMoney(amount), byToFixed(amount), `${amount}`);
  }
});

test('formatted money is read back unchanged', () => {
  for (const [units, text] of [
    [0n, '0'],
    [1n, '0.000000000000001'],
    [-100_000n, '-0.0000000001'],
    [12n * 10n ** 15n, '12'],
    [-12_500_000_000_000_000n, '-12.5'],
  ] as const) {
    assert.equal(formatMoney(units), text);
    assert.equal(parseMoney(text), units);
  }
  assert.equal(parseMoney('1E-10'), 100_000n);
  assert.equal(parseMoney('5.0000000000000000000'), 5n * 10n ** 15n);
  assert.throws(() => parseMoney('1e-16'), /more than 15 decimals/);
  assert.throws(() => parseMoney('1,5'), /no decimal number/);
});
