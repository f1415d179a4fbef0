// Erasing what the database holds of an organization: all of it, nothing of others, and never under a running job.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import { anOrganization, aPlannedJob, aQueuedJob } from './fixtures.ts';

const FOR_GOOD = { dryRun: false };

onEveryDatabase((database) => {
  test('an organization that was removed is erased with its jobs, steps and sums, and others are left alone', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const { organizationId } = lease;
    await state.steps.start(lease, 1, 'plan');
    const other = await aQueuedJob(state, await anOrganization(state));
    assert.deepEqual(await state.organizations.erase(organizationId, FOR_GOOD), {
      kind: 'refused',
      why: `organization "${organizationId}" is configured: take it out with org remove ${organizationId} first`,
    });
    await state.jobs.fail(lease, 'access_denied', 'scripted');
    assert.equal((await state.organizations.remove(organizationId)).kind, 'removed');
    const counted = await state.organizations.erase(organizationId, { dryRun: true });
    assert.ok(counted.kind === 'erased' && counted.rows.etl_jobs === 1 && counted.rows.etl_steps === 1);
    assert.ok(await state.jobs.find(lease), 'a dry run deletes nothing');
    assert.deepEqual(await state.organizations.erase(organizationId, FOR_GOOD), counted);
    assert.equal(await state.jobs.find(lease), undefined);
    assert.deepEqual(await state.organizations.erase(organizationId, FOR_GOOD), { kind: 'not_found' });
    assert.ok(await state.jobs.find(other));
  });

  test('nothing is erased while a job has not ended, whether it waits or runs', async () => {
    const { state } = database();
    const organizationId = uniqueName('org');
    const key = await aQueuedJob(state, organizationId);
    const refusal = {
      kind: 'refused',
      why: `job ${organizationId}/${key.jobId} is QUEUED: wait until it has ended, or cancel it`,
    };
    assert.deepEqual(await state.organizations.erase(organizationId, { dryRun: true }), refusal);
    assert.deepEqual(await state.organizations.erase(organizationId, FOR_GOOD), refusal);
    await state.jobs.failUnclaimed(key, 'unknown_organization', 'scripted');
    assert.equal((await state.organizations.erase(organizationId, FOR_GOOD)).kind, 'erased');
  });
});
