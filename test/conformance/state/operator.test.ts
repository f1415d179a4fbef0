// What people do to jobs: cancel, retry, resolve; and what becomes of jobs nobody can run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../support/eventually.ts';
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
  claimed,
  COUNTS,
  HI,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

onEveryDatabase((database) => {
  test('cancelling takes effect at once where nobody runs the job', async () => {
    const { state } = database();
    const queued = await aQueuedJob(state, await anOrganization(state));
    assert.deepEqual(await state.jobs.requestCancel(queued), { kind: 'cancelled' });
    const job = await jobOf(state, queued);
    assert.deepEqual([job.status, job.errorReason], ['CANCELLED', 'cancelled']);
    assert.ok(job.finishedAt);
    const dead = await aQueuedJob(state, await anOrganization(state));
    await aLeaseThatRanOut(state, dead);
    assert.deepEqual(await state.jobs.requestCancel(dead), { kind: 'cancelled' });
  });

  test('cancelling a running job is a wish its run will hear', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    assert.deepEqual(await state.jobs.requestCancel(lease), { kind: 'requested' });
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.cancelRequested], ['IN_PROGRESS', true]);
    assert.deepEqual(await state.jobs.cancelled(lease), { kind: 'cancelled' });
    assert.equal((await jobOf(state, lease)).status, 'CANCELLED');
  });

  test('cancelling is refused after the decision and after the end', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.requestCancel(lease), { kind: 'refused', status: 'COMMITTING' });
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    assert.deepEqual(await state.jobs.requestCancel(lease), { kind: 'refused', status: 'SUCCESS' });
    assert.deepEqual(await state.jobs.requestCancel({ ...lease, jobId: 'never' }), { kind: 'not_found' });
  });

  test('a retry starts over with a new plan and voids every earlier lease', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 0);
    const second = claimed(await state.jobs.claim(lease, 'worker-1', LONG_MS)).lease;
    await state.jobs.fail(second, 'access_denied', 'no');
    assert.deepEqual(await state.jobs.retry(lease), { kind: 'queued' });
    const job = await jobOf(state, lease);
    assert.deepEqual(
      [job.status, job.attempts, job.planNumber, job.plan, job.errorReason, job.finishedAt, job.leaseOwner],
      ['QUEUED', 0, 2, undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(await state.jobs.fail(second, 'access_denied', 'again'), { kind: 'lost' });
    assert.deepEqual(await state.jobs.interrupt(second), { kind: 'lost' });
    assert.deepEqual(await jobOf(state, lease), job);
    assert.equal((await claimAs(state, lease, 'worker-2')).epoch, second.epoch + 2);
  });

  test('a cancelled job can be retried, and is not cancelled again', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.jobs.requestCancel(lease);
    await state.jobs.cancelled(lease);
    assert.deepEqual(await state.jobs.retry(lease), { kind: 'queued' });
    assert.equal((await jobOf(state, lease)).cancelRequested, false);
  });

  test('only FAILED and CANCELLED jobs can be retried', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.retry(lease), { kind: 'refused', status: 'COMMITTING' });
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    assert.deepEqual(await state.jobs.retry(lease), { kind: 'refused', status: 'SUCCESS' });
    assert.deepEqual(await state.jobs.retry({ ...lease, jobId: 'never' }), { kind: 'not_found' });
  });

  test('an operator who says it was committed finishes the job', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.resolveCommitted(lease), { kind: 'refused', status: 'COMMITTING' });
    await state.jobs.needOperator(lease, 'unclear');
    assert.deepEqual(await state.jobs.resolveCommitted(lease, COUNTS), { kind: 'finished' });
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.needsOperator, job.rowsWritten], ['SUCCESS', false, 2]);
    assert.equal((await state.organizations.find(lease.organizationId))?.watermark, HI);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'already' });
  });

  test('an operator who says it was not committed lets the job plan anew', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.resolveNotCommitted(lease), { kind: 'refused', status: 'COMMITTING' });
    await state.jobs.needOperator(lease, 'unclear');
    assert.deepEqual(await state.jobs.resolveNotCommitted(lease), { kind: 'replanned', planNumber: 2 });
    const { job, resumed } = claimed(await state.jobs.claim(lease, 'worker-2', LONG_MS));
    assert.deepEqual(
      [resumed, job.planNumber, job.plan, job.commitSet, job.crashes, job.errorReason, job.errorMessage],
      [true, 2, undefined, undefined, 0, undefined, undefined],
    );
    assert.deepEqual(await state.jobs.resolveNotCommitted({ ...lease, jobId: 'never' }), {
      kind: 'not_found',
    });
  });

  test('a job of an organization nobody knows fails without ever being claimed', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, uniqueName('nobody'));
    const fail = () => state.jobs.failUnclaimed(key, 'unknown_organization', 'set it up first');
    assert.deepEqual(await fail(), { kind: 'failed' });
    assert.deepEqual(await fail(), { kind: 'failed' });
    assert.equal((await jobOf(state, key)).errorReason, 'unknown_organization');
    assert.equal((await state.deadLetters.list({ organizationId: key.organizationId })).length, 1);
  });

  test('a job that somebody runs is not failed behind his back', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    assert.deepEqual(await state.jobs.failUnclaimed(lease, 'unknown_organization', 'no'), { kind: 'lost' });
    assert.equal((await jobOf(state, lease)).status, 'IN_PROGRESS');
  });

  test('jobs that wait with a plan plan anew when their organization becomes another', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 0);
    const { organizationId } = lease;
    const changed = await state.organizations.set({
      organizationId,
      transform: 'focus-1.2',
      watermark: { kind: 'keep' },
    });
    assert.equal(changed.kind, 'updated');
    const job = await jobOf(state, lease);
    assert.deepEqual([job.plan, job.planNumber], [undefined, 2]);
    const again = await claimAs(state, lease);
    await state.jobs.storePlan(again, aPlan());
  });
});
