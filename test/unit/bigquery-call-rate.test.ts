// Token buckets: how many calls come in a time, who goes first, what a refusal changes and how the limit is shared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallRate } from '../../src/bigquery/call-rate.ts';
import { CallRates } from '../../src/bigquery/call-rates.ts';
import { TransientError } from '../../src/job/errors.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function aRate(limit = { perSecond: 2, burst: 3 }) {
  const clock = new VirtualClock();
  const told = { waits: [] as number[], slowed: 0 };
  const rate = new CallRate(limit, clock, {
    waited: (ms) => told.waits.push(ms),
    slowed: () => (told.slowed += 1),
  });
  const made: { readonly name: number; readonly atMs: number }[] = [];
  let calls = 0;
  const call = (signal?: AbortSignal): Promise<void> => {
    const name = ++calls;
    return rate.paced(async () => void made.push({ name, atMs: clock.nowMs() }), signal);
  };
  return { clock, rate, told, made, call };
}

const refused = (reason: 'rate_limited' | 'quota_exceeded' | 'warehouse_unavailable') => () =>
  Promise.reject(new TransientError(reason, 'scripted'));

test('a burst goes at once, what comes after it waits for its turn in the order of its coming', async () => {
  const { clock, made, call, told } = aRate();
  for (let i = 0; i < 6; i += 1) void call();
  await clock.advance(10_000);
  assert.deepEqual(
    made.map(({ atMs }) => atMs),
    [0, 0, 0, 500, 1_000, 1_500],
  );
  assert.deepEqual(
    made.map(({ name }) => name),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(told.waits, [500, 1_000, 1_500]);
});

test('over any stretch of time no more calls are made than its tokens and one burst', async () => {
  const { clock, made, call } = aRate({ perSecond: 2, burst: 3 });
  for (let i = 0; i < 400; i += 1) {
    void call();
    await clock.advance(i % 7 === 0 ? 3_000 : 40);
  }
  await clock.advance(600_000);
  assert.equal(made.length, 400);
  for (const { atMs: from } of made)
    for (const seconds of [1, 10, 60]) {
      const within = made.filter(({ atMs }) => atMs >= from && atMs < from + seconds * 1_000).length;
      assert.ok(within <= 2 * seconds + 3 + 1, `${within} calls in ${seconds} s`);
    }
});

test('a limit shared among workers is not exceeded by all of them together, and is used up again when they leave', async () => {
  const { clock, rate, made, call } = aRate({ perSecond: 10, burst: 10 });
  rate.shareAmong(5);
  for (let i = 0; i < 500; i += 1) void call();
  await clock.advance(10_000);
  assert.equal(made.length, 2 + 20);
  rate.shareAmong(1);
  await clock.advance(600_000);
  const before = made.length;
  for (let i = 0; i < 100; i += 1) void call();
  await clock.advance(5_000);
  assert.equal(made.length - before, 10 + 50);
});

test('a call whose job is stopped waits no longer, says why and leaves its turn to others', async () => {
  const { clock, made, call } = aRate({ perSecond: 1, burst: 1 });
  await call();
  const stop = new AbortController();
  const stopped = call(stop.signal);
  const heard = assert.rejects(stopped, { message: 'drain' });
  stop.abort(new Error('drain'));
  await heard;
  assert.equal(clock.nowMs(), 0);
  void call();
  await clock.advance(1_000);
  assert.deepEqual(made, [
    { name: 1, atMs: 0 },
    { name: 3, atMs: 1_000 },
  ]);
  await assert.rejects(call(stop.signal), { message: 'drain' });
});

test('refusals for too many calls halve the rate, all of one moment once; it comes back when they cease', async () => {
  const { clock, rate, told, made, call } = aRate({ perSecond: 1, burst: 4 });
  await Promise.all(
    (['rate_limited', 'quota_exceeded', 'rate_limited'] as const).map((reason) =>
      assert.rejects(rate.paced(refused(reason)), { reason }),
    ),
  );
  assert.equal(told.slowed, 1);
  void call();
  await clock.advance(1_999);
  assert.equal(made.length, 0, 'nothing is saved up, and a token takes two seconds');
  await clock.advance(1);
  assert.equal(made.length, 1);
  await clock.advance(8_000);
  await assert.rejects(rate.paced(refused('rate_limited')));
  assert.equal(told.slowed, 2);
  await clock.advance(600_000);
  for (let i = 0; i < 30; i += 1) void call();
  const atMs = clock.nowMs();
  await clock.advance(10_000);
  assert.equal(made.filter((each) => each.atMs >= atMs).length, 4 + 10);
});

test('another error slows nothing down', async () => {
  const { rate, told } = aRate();
  await assert.rejects(rate.paced(refused('warehouse_unavailable')));
  assert.equal(told.slowed, 0);
});

test('streams are counted for each project, jobs for each account, and all rates are shared together', async () => {
  const clock = new VirtualClock();
  const rates = new CallRates({ writeStreamsPerHour: 3_600, jobsPerSecond: 80 }, clock);
  const waits: string[] = [];
  rates.observe({ waited: (call, ms) => waits.push(`${call} ${ms}`), slowed: () => undefined });
  assert.equal(rates.of('create_write_stream', 'one'), rates.of('create_write_stream', 'one'));
  assert.notEqual(rates.of('create_write_stream', 'one'), rates.of('create_write_stream', 'two'));
  const nothing = (): Promise<void> => Promise.resolve();
  rates.shareAmong(40);
  for (const name of ['one', 'two', 'made later']) {
    const rate = rates.of('create_write_stream', name);
    await rate.paced(nothing);
    const second = rate.paced(nothing);
    await clock.advance(40_000);
    await second;
  }
  assert.deepEqual(waits, Array(3).fill('create_write_stream 40000'));
});
