// What is on record of a day, as its windows are copied one after the other and again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  daysOfWindow,
  recordedWithin,
  windowOfWholeDay,
  withCopied,
  withinDay,
  type DayPart,
} from '../../src/job/day-parts.ts';
import type { CopiedDays } from '../../src/job/day-totals.ts';
import type { Totals } from '../../src/job/totals.ts';

const DAY = '2026-01-02';
const { lo: LO, hi: HI } = windowOfWholeDay(DAY);
const NOON = LO + (HI - LO) / 2n;

const rowsOf = (rows: number, ...columns: string[]): Totals => {
  const total = { sum: '1', nan: 0, positiveInfinity: 0, negativeInfinity: 0 };
  return [{ currency: 'EUR', rows, columns: Object.fromEntries(columns.map((path) => [path, total])) }];
};
const copied = (read: number, written: number): CopiedDays => ({
  read: [{ day: DAY, totals: rowsOf(read) }],
  written: [{ day: DAY, totals: rowsOf(written) }],
});
const NOTHING: CopiedDays = { read: [], written: [] };
const numbers = (parts: readonly DayPart[], window = { lo: LO, hi: HI }) => {
  const found = recordedWithin(parts, window);
  return found && [found.read[0]?.rows ?? 0, found.written[0]?.rows ?? 0];
};

test('a window is cut to the day, and a window beside the day is no part of it', () => {
  assert.deepEqual(withinDay(DAY, { lo: undefined, hi: HI + 5n }), { lo: LO, hi: HI });
  assert.deepEqual(withinDay(DAY, { lo: NOON, hi: HI }), { lo: NOON, hi: HI });
  assert.equal(withinDay(DAY, { lo: HI, hi: HI + 5n }), undefined);
  assert.equal(withinDay(DAY, { lo: undefined, hi: LO }), undefined);
  assert.deepEqual(daysOfWindow({ lo: LO, hi: HI }), { first: DAY, last: DAY });
  assert.deepEqual(daysOfWindow({ lo: LO - 1n, hi: HI + 1n }), { first: '2026-01-01', last: '2026-01-03' });
  assert.throws(() => windowOfWholeDay('yesterday'), { message: '"yesterday" is no day' });
});

test('windows that follow one another add up; one that is missing leaves the day off record', () => {
  const morning = withCopied([], DAY, { lo: undefined, hi: NOON }, copied(3, 2));
  assert.equal(numbers(morning), undefined);
  assert.deepEqual(numbers(morning, { lo: LO, hi: NOON }), [3, 2]);
  assert.deepEqual(numbers(withCopied(morning, DAY, { lo: NOON, hi: HI }, copied(1, 1))), [4, 3]);
  assert.equal(numbers(withCopied(morning, DAY, { lo: NOON + 1n, hi: HI }, copied(1, 1))), undefined);
  assert.equal(numbers([]), undefined);
});

test('a window copied again takes the place of what it covers, also when no row is left', () => {
  const morning = withCopied([], DAY, { lo: LO, hi: NOON }, copied(3, 2));
  const day = withCopied(morning, DAY, { lo: NOON, hi: HI }, copied(1, 1));
  assert.deepEqual(numbers(withCopied(day, DAY, { lo: LO, hi: NOON }, copied(7, 7))), [8, 8]);
  assert.deepEqual(numbers(withCopied(day, DAY, { lo: NOON, hi: HI }, NOTHING)), [3, 2]);
  assert.deepEqual(numbers(withCopied(day, DAY, { lo: undefined, hi: HI + 9n }, copied(9, 9))), [9, 9]);
  assert.deepEqual(withCopied(day, DAY, { lo: HI, hi: HI + 9n }, NOTHING), day);
});

test('a window that ends within another leaves nobody knowing what the rest of that adds up to', () => {
  const day = withCopied([], DAY, { lo: LO, hi: HI }, copied(3, 2));
  const cut = withCopied(day, DAY, { lo: LO, hi: NOON }, copied(1, 1));
  assert.equal(numbers(cut), undefined);
  assert.deepEqual(numbers(withCopied(cut, DAY, { lo: LO, hi: HI }, copied(5, 5))), [5, 5]);
});

test('sums that some windows were not asked for are not claimed for the day', () => {
  const totals = (...columns: string[]): CopiedDays => {
    const days = [{ day: DAY, totals: rowsOf(1, ...columns) }];
    return { read: days, written: days };
  };
  const morning = withCopied([], DAY, { lo: LO, hi: NOON }, totals('cost', 'credits.amount'));
  const day = withCopied(morning, DAY, { lo: NOON, hi: HI }, totals('cost'));
  const found = recordedWithin(day, { lo: LO, hi: HI });
  assert.deepEqual(
    Object.entries(found?.written[0]?.columns ?? {}).map(([path, { sum }]) => [path, sum]),
    [['cost', '2']],
  );
});
