// Steps and batches: what a run leaves behind for whoever resumes it, written under its lease only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/job/batch.ts';
import { LeaseLostError } from '../../../src/job/errors.ts';
import { onEveryDatabase } from './databases.ts';
import {
  aDecidedJob,
  aLeaseThatRanOut,
  anOrganization,
  aQueuedJob,
  aRunningJob,
  aSet,
  claimAs,
  COUNTS,
  jobOf,
} from './fixtures.ts';

function aBatch(stream: number, batch: number): Batch {
  return {
    stream,
    batch,
    readOffset: batch * 10,
    writeOffset: batch * 9,
    rowsRead: 10,
    rowsWritten: 9,
    rowsDropped: 1,
    rowsQuarantined: 0,
    bytes: 9_000_000_000_000,
    totals: [{ currency: 'EUR', rows: 9, columns: {} }],
    state: 'planned',
  };
}

onEveryDatabase((database) => {
  test('batches are planned, then acknowledged, and only those acknowledged count as progress', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.batches.record(lease, 1, [aBatch(0, 0), aBatch(1, 0)], []);
    await state.batches.record(lease, 1, [aBatch(0, 1)], [{ stream: 0, batch: 0 }]);
    assert.deepEqual(await state.batches.list(lease, 1), [
      { ...aBatch(0, 0), state: 'acknowledged' },
      aBatch(0, 1),
      aBatch(1, 0),
    ]);
    assert.deepEqual(await state.batches.progress(lease, 1), {
      rowsWritten: 9,
      bytesWritten: 9_000_000_000_000,
      batches: 1,
    });
    assert.deepEqual(await state.batches.progress(lease, 2), { rowsWritten: 0, bytesWritten: 0, batches: 0 });
  });

  test('recording the same checkpoint again is harmless, and an acknowledged batch stays so', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    for (let time = 0; time < 2; time += 1)
      await state.batches.record(lease, 1, [aBatch(0, 0)], [{ stream: 0, batch: 0 }]);
    await state.batches.record(lease, 1, [{ ...aBatch(0, 0), rowsRead: 11 }], []);
    assert.deepEqual(await state.batches.list(lease, 1), [
      { ...aBatch(0, 0), rowsRead: 11, state: 'acknowledged' },
    ]);
  });

  test('many batches are one checkpoint, whole or not at all', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const many = Array.from({ length: 450 }, (_, at) => aBatch(at % 3, Math.floor(at / 3)));
    await assert.rejects(
      state.batches.record(lease, 1, many, [{ stream: 7, batch: 7 }]),
      /1 batches were acknowledged, but only 0/,
    );
    assert.deepEqual(await state.batches.list(lease, 1), []);
    await state.batches.record(lease, 1, many, many);
    assert.equal((await state.batches.progress(lease, 1)).batches, 450);
  });

  test('discarding forgets the batches of that plan only', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.batches.record(lease, 1, [aBatch(0, 0)], []);
    await state.jobs.planAnew(lease);
    await state.batches.record(lease, 2, [aBatch(0, 0)], []);
    await state.batches.discard(lease, 1);
    assert.deepEqual(await state.batches.list(lease, 1), []);
    assert.equal((await state.batches.list(lease, 2)).length, 1);
  });

  test('after somebody took the job over, the old run writes no batch and no step', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const stale = await aLeaseThatRanOut(state, key);
    await state.batches.record(stale, 1, [aBatch(0, 0)], []);
    await claimAs(state, key, 'worker-2');
    for (const write of [
      () => state.batches.record(stale, 1, [aBatch(0, 1)], [{ stream: 0, batch: 0 }]),
      () => state.batches.discard(stale, 1),
      () => state.steps.start(stale, 1, 'load'),
      () => state.steps.update(stale, 1, 'load', {}),
      () => state.steps.finish(stale, 1, 'load'),
      () => state.steps.skip(stale, 1, 'load'),
      () => state.steps.fail(stale, 1, 'load', 'no'),
      () => state.steps.start({ ...stale, jobId: 'never' }, 1, 'load'),
    ])
      await assert.rejects(write(), LeaseLostError);
    assert.deepEqual(await state.batches.list(key, 1), [aBatch(0, 0)]);
    assert.deepEqual(await state.steps.list(key), []);
  });

  test('crashes are counted in a row, and a checkpoint ends the row', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    await aLeaseThatRanOut(state, key, 'worker-1');
    const second = await aLeaseThatRanOut(state, key, 'worker-2');
    assert.equal((await jobOf(state, key)).crashes, 1);
    await state.batches.record(second, 1, [aBatch(0, 0)], []);
    const third = await aLeaseThatRanOut(state, key, 'worker-3');
    assert.equal((await jobOf(state, key)).crashes, 2);
    await state.batches.record(third, 1, [], [{ stream: 0, batch: 0 }]);
    const job = await jobOf(state, key);
    assert.deepEqual([job.crashes, job.interruptions], [0, 2]);
  });

  test('a step keeps when it started and ends as done, skipped or failed', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.steps.start(lease, 1, 'load', { rows: 0 });
    const started = await state.steps.get(lease, 1, 'load');
    assert.deepEqual(
      [started?.status, started?.finishedAt, started?.detail],
      ['running', undefined, { rows: 0 }],
    );
    await state.steps.update(lease, 1, 'load', { rows: 5 });
    await state.steps.finish(lease, 1, 'load');
    const done = await state.steps.get(lease, 1, 'load');
    assert.deepEqual([done?.status, done?.detail], ['done', { rows: 5 }]);
    assert.equal(done?.startedAt, started?.startedAt);
    assert.ok(done!.finishedAt! >= done!.startedAt);
    await state.steps.start(lease, 1, 'load');
    const resumed = await state.steps.get(lease, 1, 'load');
    assert.deepEqual([resumed?.status, resumed?.finishedAt], ['running', undefined]);
    assert.equal(resumed?.startedAt, started?.startedAt);
    await state.steps.fail(lease, 1, 'load', 'the stream is gone');
    await state.steps.skip(lease, 1, 'transform', { why: 'none' });
    await state.steps.start(lease, 2, 'plan');
    assert.deepEqual(
      (await state.steps.list(lease)).map(({ planNumber, step, status, detail }) => [
        planNumber,
        step,
        status,
        detail,
      ]),
      [
        [1, 'load', 'failed', { rows: 5, error: 'the stream is gone' }],
        [1, 'transform', 'skipped', { why: 'none' }],
        [2, 'plan', 'running', {}],
      ],
    );
    assert.equal(await state.steps.get(lease, 3, 'plan'), undefined);
  });

  test('the run that finished a job may still close its steps', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.steps.start(lease, 1, 'finish');
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    await state.steps.finish(lease, 1, 'finish');
    assert.equal((await state.steps.get(lease, 1, 'finish'))?.status, 'done');
  });
});
