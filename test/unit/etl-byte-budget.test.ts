// The byte budget: what runs hold together stays below it, in the order in which they asked, and nothing is lost of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ByteBudget, type Reservation } from '../../src/etl/byte-budget.ts';

const never = new AbortController().signal;

/** Asks for bytes and says, when asked, whether they were granted. */
function asking(budget: ByteBudget, bytes: number, signal = never) {
  let reservation: Reservation | undefined;
  let error: unknown;
  const settled = budget.reserve(bytes, signal).then(
    (granted) => (reservation = granted),
    (reason: unknown) => (error = reason),
  );
  return {
    settled,
    error: () => error,
    isGranted: () => reservation !== undefined,
    release: () => reservation!.release(),
    shrinkTo: (to: number) => reservation!.shrinkTo(to),
  };
}

async function granted(...asked: readonly { isGranted(): boolean }[]): Promise<boolean[]> {
  await turn();
  return asked.map((each) => each.isGranted());
}

test('what fits is granted at once, the rest waits until enough is released', async () => {
  const budget = new ByteBudget(10);
  const [a, b, c] = [asking(budget, 6), asking(budget, 4), asking(budget, 3)];
  assert.deepEqual(await granted(a, b, c), [true, true, false]);
  b.release();
  assert.deepEqual(await granted(c), [true]);
});

test('nobody overtakes: a small one waits behind a large one that came first', async () => {
  const budget = new ByteBudget(10);
  const [a, large, small] = [asking(budget, 6), asking(budget, 8), asking(budget, 1)];
  assert.deepEqual(await granted(a, large, small), [true, false, false]);
  a.release();
  assert.deepEqual(await granted(large, small), [true, true]);
});

test('one larger than the whole budget is granted alone rather than never', async () => {
  const budget = new ByteBudget(10);
  const [a, huge, next] = [asking(budget, 1), asking(budget, 100), asking(budget, 1)];
  assert.deepEqual(await granted(a, huge, next), [true, false, false]);
  a.release();
  assert.deepEqual(await granted(huge, next), [true, false]);
  huge.release();
  assert.deepEqual(await granted(next), [true]);
});

test('shrinking frees the difference, and growing is not possible', async () => {
  const budget = new ByteBudget(10);
  const [a, b, c] = [asking(budget, 10), asking(budget, 6), asking(budget, 1)];
  await a.settled;
  a.shrinkTo(4);
  assert.deepEqual(await granted(b, c), [true, false]);
  a.shrinkTo(9);
  a.release();
  assert.deepEqual(await granted(c), [true]);
});

test('releasing twice frees once', async () => {
  const budget = new ByteBudget(10);
  const [a, b] = [asking(budget, 5), asking(budget, 5)];
  await Promise.all([a.settled, b.settled]);
  a.release();
  a.release();
  const [c, d] = [asking(budget, 5), asking(budget, 5)];
  assert.deepEqual(await granted(c, d), [true, false]);
});

test('whoever gives up waiting gets the reason, and those behind go on', async () => {
  const budget = new ByteBudget(10);
  const abort = new AbortController();
  const [a, b] = [asking(budget, 9), asking(budget, 5, abort.signal)];
  const c = asking(budget, 1);
  assert.deepEqual(await granted(a, b, c), [true, false, false]);
  const why = new Error('drain');
  abort.abort(why);
  assert.deepEqual(await granted(b, c), [false, true]);
  assert.equal(b.error(), why);
  const late = asking(budget, 0, abort.signal);
  await late.settled;
  assert.equal(late.error(), why);
});

test('an abort after the grant takes nothing back', async () => {
  const budget = new ByteBudget(10);
  const abort = new AbortController();
  const [a, b] = [asking(budget, 9), asking(budget, 5, abort.signal)];
  await a.settled;
  a.release();
  assert.deepEqual(await granted(b), [true]);
  const c = asking(budget, 6);
  abort.abort(new Error('drain'));
  assert.deepEqual(await granted(c), [false]);
  b.release();
  assert.deepEqual(await granted(c), [true]);
});
