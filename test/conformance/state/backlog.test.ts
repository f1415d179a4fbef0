// The backlog: what a further worker could start now, on every database.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEveryDatabase } from './databases.ts';
import { anOrganization, aQueuedJob, aRunningJob, claimAs, LONG_MS } from './fixtures.ts';

onEveryDatabase((database) => {
  test('counts one job for each organization that is neither paused nor busy, and of these the longest wait', async () => {
    const { state } = database();
    assert.deepEqual(await state.jobs.backlog(), { runnable: 0, oldestSeconds: 0 });
    const free = await anOrganization(state);
    await aQueuedJob(state, free);
    await aQueuedJob(state, free);
    const busy = await aRunningJob(state);
    await aQueuedJob(state, busy.organizationId);
    const paused = await anOrganization(state);
    await aQueuedJob(state, paused);
    await state.organizations.pause(paused);
    const waiting = await claimAs(state, await aQueuedJob(state, await anOrganization(state)));
    await state.jobs.retryLater(waiting, 'rate_limited', 'later', LONG_MS);
    const { runnable, oldestSeconds } = await state.jobs.backlog();
    assert.equal(runnable, 1);
    assert.ok(oldestSeconds >= 0 && oldestSeconds < 60, `${oldestSeconds} s`);
    await state.organizations.resume(paused);
    assert.equal((await state.jobs.backlog()).runnable, 2);
  });
});
