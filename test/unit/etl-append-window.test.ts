// The window of unacknowledged appends: bounded, in order, and free of what it held as soon as it is answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AppendWindow } from '../../src/etl/append-window.ts';
import type { AppendOutcome } from '../../src/etl/destination.ts';
import type { Batch } from '../../src/job/batch.ts';

type Answer = { resolve(outcome: AppendOutcome): void; reject(error: Error): void };

/** A window over a writer that answers when the test says so. */
function openWindow() {
  const answers: Answer[] = [];
  const acknowledged: number[] = [];
  const released: number[] = [];
  const window = new AppendWindow(({ batch }) => void acknowledged.push(batch));
  const send = (batch: number): void =>
    window.send(
      { batch, writeOffset: batch } as Batch,
      new Promise((resolve, reject) => void answers.push({ resolve, reject })),
      {
        shrinkTo: () => undefined,
        release: () => void released.push(batch),
      },
    );
  return { window, send, answers, acknowledged, released };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settle = (): void => void (pending = false);
  promise.then(settle, settle);
  await turn();
  return pending;
}

const ok: AppendOutcome = { kind: 'acknowledged' };

test('there is room for two, and for more only once the oldest is acknowledged', async () => {
  const { window, send, answers, acknowledged } = openWindow();
  send(0);
  assert.equal(await window.room(), undefined);
  send(1);
  const room = window.room();
  assert.equal(await isPending(room), true);
  answers[0]!.resolve(ok);
  assert.equal(await room, undefined);
  assert.deepEqual(acknowledged, [0]);
});

test('answers that come out of order are acknowledged in order', async () => {
  const { window, send, answers, acknowledged, released } = openWindow();
  send(0);
  send(1);
  answers[1]!.resolve(ok);
  const drained = window.drained();
  assert.equal(await isPending(drained), true);
  assert.deepEqual([acknowledged, released], [[], [1]]);
  answers[0]!.resolve(ok);
  assert.equal(await drained, undefined);
  assert.deepEqual(
    [acknowledged, released],
    [
      [0, 1],
      [1, 0],
    ],
  );
});

test('the first trouble ends it: what came before is acknowledged, what comes after is not', async () => {
  const { window, send, answers, acknowledged, released } = openWindow();
  const trouble: AppendOutcome = { kind: 'out_of_range', message: 'rows are missing' };
  for (const batch of [0, 1, 2]) send(batch);
  answers[0]!.resolve(ok);
  answers[1]!.resolve(trouble);
  answers[2]!.resolve(ok);
  assert.deepEqual(await window.drained(), trouble);
  assert.deepEqual(await window.drained(), trouble);
  assert.deepEqual(acknowledged, [0]);
  assert.deepEqual(released.toSorted(), [0, 1, 2]);
});

test('an append that fails is thrown to whoever asks next, and to nobody else', async () => {
  const { window, send, answers, acknowledged, released } = openWindow();
  send(0);
  send(1);
  const error = new Error('refused');
  answers[1]!.reject(error);
  // An unhandled rejection would end this process here.
  await turn();
  answers[0]!.resolve(ok);
  await assert.rejects(window.drained(), error);
  assert.deepEqual([acknowledged, released.toSorted()], [[0], [0, 1]]);
});

test('with nothing under way there is room, and it is drained', async () => {
  const { window } = openWindow();
  assert.equal(await window.room(), undefined);
  assert.equal(await window.drained(), undefined);
});
