// The end of a run as the worker asks for it: what came of the job, and whose turn it is now.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '../../../src/state/open-state.ts';
import { onEveryDatabase } from './databases.ts';
import { aDecidedJob, anOrganization, aQueuedJob, aSet, claimAs, COUNTS, LONG_MS } from './fixtures.ts';

onEveryDatabase((database) => {
  /** A running job of a new organization, and two that arrived after it. */
  const aQueue = async (state: State) => {
    const organizationId = await anOrganization(state);
    const [first, second, third] = [
      await aQueuedJob(state, organizationId),
      await aQueuedJob(state, organizationId),
      await aQueuedJob(state, organizationId),
    ];
    return { organizationId, lease: await claimAs(state, first), second, third };
  };

  test('a job that succeeded has its figures, one that did not has none, and an unknown one is not there', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.runEnd(lease), {
      rowsWritten: 0,
      bytesWritten: 0,
      nextJobId: undefined,
    });
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    const { rowsWritten, bytesWritten } = COUNTS;
    assert.deepEqual(await state.jobs.runEnd(lease), { rowsWritten, bytesWritten, nextJobId: undefined });
    assert.equal(await state.jobs.runEnd({ ...lease, jobId: 'unknown' }), undefined);
  });

  test('it is nobody’s turn while a job is active, and then the first’s that waits', async () => {
    const { state } = database();
    const { lease, second } = await aQueue(state);
    const next = async (): Promise<string | undefined> => (await state.jobs.runEnd(lease))?.nextJobId;
    assert.equal(await next(), undefined);
    await state.jobs.finishEmpty(lease, 1, COUNTS);
    assert.equal(await next(), second.jobId);
    await claimAs(state, second);
    assert.equal(await next(), undefined);
  });

  test('a job whose next attempt is not due is passed over, and one that is due keeps its place', async () => {
    const { state } = database();
    const { lease, second, third } = await aQueue(state);
    await state.jobs.retryLater(lease, 'warehouse_unavailable', 'away', LONG_MS);
    assert.equal((await state.jobs.runEnd(lease))?.nextJobId, second.jobId);
    await state.jobs.retryLater(await claimAs(state, second), 'warehouse_unavailable', 'away', LONG_MS);
    assert.equal((await state.jobs.runEnd(second))?.nextJobId, third.jobId);
    await state.jobs.interrupt(await claimAs(state, third));
    assert.equal((await state.jobs.runEnd(third))?.nextJobId, third.jobId);
  });

  test('it is nobody’s turn in a paused organization, nor another organization’s', async () => {
    const { state } = database();
    const { organizationId, lease } = await aQueue(state);
    await state.jobs.finishEmpty(lease, 1, COUNTS);
    await state.organizations.pause(organizationId);
    assert.equal((await state.jobs.runEnd(lease))?.nextJobId, undefined);
    const stranger = await aDecidedJob(state);
    await state.jobs.finish(stranger, aSet(stranger), COUNTS);
    assert.equal((await state.jobs.runEnd(stranger))?.nextJobId, undefined);
  });
});
