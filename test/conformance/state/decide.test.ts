// Deciding: every condition under which a set may be recorded, and that a recorded set never changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameCommitSet } from '../../../src/job/commit-set.ts';
import type { JobRequest } from '../../../src/job/job.ts';
import { LeaseLostError } from '../../../src/job/errors.ts';
import { onEveryDatabase } from './databases.ts';
import {
  aDecidedJob,
  aLeaseThatRanOut,
  anOrganization,
  aPlan,
  aPlannedJob,
  aQueuedJob,
  aRunningJob,
  aSet,
  claimAs,
  COUNTS,
  HI,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

onEveryDatabase((database) => {
  test('deciding records the set and makes the job COMMITTING', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease)), { kind: 'decided', set: aSet(lease) });
    const job = await jobOf(state, lease);
    assert.equal(job.status, 'COMMITTING');
    assert.deepEqual(job.commitSet, aSet(lease));
  });

  test('the same set again is decided again, by its owner or by a zombie, and changes nothing', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    const before = await jobOf(state, lease);
    assert.equal((await state.jobs.decide(lease, 1, aSet(lease))).kind, 'decided');
    assert.equal((await state.jobs.decide({ ...lease, epoch: 0 }, 1, aSet(lease))).kind, 'decided');
    assert.deepEqual(await jobOf(state, lease), before);
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    assert.equal((await state.jobs.decide(lease, 1, aSet(lease))).kind, 'decided');
    assert.equal((await jobOf(state, lease)).status, 'SUCCESS');
  });

  test('another set never takes the place of the recorded one', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease, 'second')), { kind: 'lost' });
    assert.ok(sameCommitSet((await jobOf(state, lease)).commitSet!, aSet(lease)));
  });

  test('of two sets decided at once one is recorded', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const lease = await aPlannedJob(state);
    const outcomes = await Promise.all([
      state.jobs.decide(lease, 1, aSet(lease, 'first')),
      other.jobs.decide(lease, 1, aSet(lease, 'second')),
    ]);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['decided', 'lost']);
  });

  test('a stale epoch, another owner and another plan number decide nothing', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const stale = await aLeaseThatRanOut(state, key);
    await state.jobs.storePlan(stale, aPlan());
    const lease = await claimAs(state, key, 'worker-2');
    const before = await jobOf(state, key);
    for (const [wrong, planNumber] of [
      [stale, 1],
      [{ ...lease, owner: 'worker-3' }, 1],
      [{ ...lease, epoch: lease.epoch + 1 }, 1],
      [lease, 2],
      [{ ...lease, jobId: 'never' }, 1],
    ] as const) {
      assert.deepEqual(await state.jobs.decide(wrong, planNumber, aSet(key)), { kind: 'lost' });
      assert.deepEqual(await state.jobs.finishEmpty(wrong, planNumber, COUNTS), { kind: 'lost' });
    }
    assert.deepEqual(await jobOf(state, key), before);
  });

  test('a lease that ran out decides as long as nobody took the job', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const lease = await aLeaseThatRanOut(state, key);
    await state.jobs.storePlan(lease, aPlan());
    assert.equal((await state.jobs.decide(lease, 1, aSet(key))).kind, 'decided');
  });

  test('a job that somebody wants cancelled does not decide', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    await state.jobs.requestCancel(lease);
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease)), { kind: 'cancelled' });
    assert.deepEqual(await state.jobs.finishEmpty(lease, 1, COUNTS), { kind: 'cancelled' });
    assert.equal((await jobOf(state, lease)).status, 'IN_PROGRESS');
  });

  test('a job that is not the organization’s active job does not decide', async () => {
    const { state, execute } = database();
    const lease = await aPlannedJob(state);
    await execute(`UPDATE client_billing_config SET active_job = 'another' WHERE organization_id = ?`, [
      lease.organizationId,
    ]);
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease)), { kind: 'lost' });
  });

  test('a job without a stored plan may end without rows, but not decide', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease)), { kind: 'lost' });
    assert.deepEqual(await state.jobs.finishEmpty(lease, 1, COUNTS), { kind: 'finished' });
  });

  const far = 253_402_300_799_999_999n;
  for (const { name, watermark, lo, decides } of [
    {
      name: 'no watermark and a plan from the beginning',
      watermark: undefined,
      lo: undefined,
      decides: true,
    },
    { name: 'no watermark and a plan from somewhere', watermark: undefined, lo: HI - 9n, decides: false },
    { name: 'a watermark and a plan from the beginning', watermark: HI - 9n, lo: undefined, decides: false },
    { name: 'a watermark and a plan from it', watermark: HI - 9n, lo: HI - 9n, decides: true },
    { name: 'a watermark a microsecond beyond the plan’s', watermark: HI - 8n, lo: HI - 9n, decides: false },
    { name: 'a watermark beyond 2^53', watermark: far - 1n, lo: far - 1n, decides: true },
    { name: 'a watermark next to the plan’s beyond 2^53', watermark: far - 1n, lo: far - 2n, decides: false },
  ]) {
    test(`${name}: an incremental job ${decides ? 'decides' : 'finds the watermark moved'}`, async () => {
      const { state } = database();
      const since = watermark === undefined ? {} : { watermark: { kind: 'since', at: watermark } as const };
      const key = await aQueuedJob(state, await anOrganization(state, since));
      const lease = await claimAs(state, key);
      await state.jobs.storePlan(lease, aPlan({ lo, hi: far }));
      const moved = { kind: 'watermark_moved', watermark };
      const outcome = await state.jobs.decide(lease, 1, aSet(key));
      assert.deepEqual(outcome, decides ? { kind: 'decided', set: aSet(key) } : moved);
      if (!decides) assert.deepEqual(await state.jobs.finishEmpty(lease, 1, COUNTS), moved);
    });
  }

  test('the watermark does not concern a backfill, a repair or a verification', async () => {
    const { state } = database();
    const window = { start: 1n, end: 2n };
    for (const jobType of ['backfill', 'repair', 'verify'] as const) {
      const request: Partial<JobRequest> = { jobType, window };
      const since = { watermark: { kind: 'since', at: HI } as const };
      const key = await aQueuedJob(state, await anOrganization(state, since), request);
      const lease = await claimAs(state, key);
      await state.jobs.storePlan(lease, aPlan({ lo: 1n, hi: 2n }));
      assert.equal((await state.jobs.decide(lease, 1, aSet(key))).kind, 'decided');
    }
  });

  test('a plan is stored once per plan number, and only under the lease', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.jobs.storePlan(lease, aPlan());
    await state.jobs.storePlan(lease, aPlan());
    assert.deepEqual((await jobOf(state, lease)).plan, aPlan());
    await assert.rejects(state.jobs.storePlan(lease, aPlan({ hi: HI + 1n })), /already has another plan/);
    await assert.rejects(state.jobs.storePlan({ ...lease, epoch: 7 }, aPlan()), LeaseLostError);
    await assert.rejects(state.jobs.planAnew({ ...lease, epoch: 7 }), LeaseLostError);
    assert.equal(await state.jobs.planAnew(lease), 2);
    const job = await jobOf(state, lease);
    assert.deepEqual([job.plan, job.planNumber, job.status], [undefined, 2, 'IN_PROGRESS']);
    await state.jobs.storePlan(lease, aPlan({ hi: HI + 1n }));
    assert.deepEqual(await state.jobs.decide(lease, 1, aSet(lease)), { kind: 'lost' });
    assert.equal((await state.jobs.decide(lease, 2, aSet(lease))).kind, 'decided');
  });

  test('a commit proven to have had no effect leads back to a new plan, under its set and lease only', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    const before = await jobOf(state, lease);
    assert.deepEqual(await state.jobs.replanAfterNoEffect(lease, aSet(lease, 'second')), { kind: 'lost' });
    assert.deepEqual(await state.jobs.replanAfterNoEffect({ ...lease, epoch: 9 }, aSet(lease)), {
      kind: 'lost',
    });
    assert.deepEqual(await jobOf(state, lease), before);
    assert.deepEqual(await state.jobs.replanAfterNoEffect(lease, aSet(lease)), {
      kind: 'replanned',
      planNumber: 2,
    });
    const job = await jobOf(state, lease);
    assert.deepEqual(
      [job.status, job.plan, job.commitSet, job.planNumber],
      ['IN_PROGRESS', undefined, undefined, 2],
    );
    assert.equal((await state.jobs.claim(lease, 'worker-2', LONG_MS)).kind, 'busy');
  });
});
