// Processes that die under a job: it runs alone after the second, fails after the third, and nobody is blamed who lived.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobKey } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
import { eventually, uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import {
  activeJobOf,
  aLeaseThatRanOut,
  anOrganization,
  aPlan,
  aQueuedJob,
  aSet,
  claimAs,
  claimed,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

const ALONE = { alone: true };

onEveryDatabase((database) => {
  test('after two deaths a job is claimed only by a worker that runs it alone', async () => {
    const { state } = database();
    const { key } = await aJobThatKilled(state, 2);
    const before = await jobOf(state, key);
    assert.deepEqual(await state.jobs.claim(key, 'third', LONG_MS), { kind: 'must_run_alone' });
    assert.deepEqual(await jobOf(state, key), before, 'a refused claim changed the job');
    const { job } = claimed(await state.jobs.claim(key, 'third', LONG_MS, ALONE));
    assert.equal(job.crashes, 2);
  });

  test('after a third death it waits for one more lease and then fails as crash_loop, with dead letter, alert and a free organization', async () => {
    const { state } = database();
    const { key } = await aJobThatKilled(state, 3);
    assert.equal((await state.jobs.claim(key, 'fourth', 1, ALONE)).kind, 'not_due');
    assert.equal((await jobOf(state, key)).status, 'IN_PROGRESS');
    const outcome = await claimWhenDue(state, key, 'fourth');
    assert.equal(outcome.kind, 'crash_loop');
    const job = await jobOf(state, key);
    assert.deepEqual([job.status, job.errorReason, job.crashes], ['FAILED', 'crash_loop', 3]);
    assert.match(
      job.errorMessage ?? '',
      new RegExp(`died 3 times.*retry ${key.organizationId} ${key.jobId}`),
    );
    assert.equal(await activeJobOf(state, key), undefined);
    const [letter] = await state.deadLetters.list({ organizationId: key.organizationId });
    assert.equal(letter?.reason, 'crash_loop');
    const alerts = (await state.alerts.claimUnsent(1_000, 1)).filter(
      ({ organizationId }) => organizationId === key.organizationId,
    );
    assert.deepEqual(
      alerts.map(({ kind }) => kind),
      ['crash_loop'],
    );
    assert.equal((await state.jobs.claim(key, 'fifth', LONG_MS, ALONE)).kind, 'finished');
  });

  test('an owner that comes back after its lease ran out, as after an outage of the database, was no crash', async () => {
    const { state } = database();
    const { key, owners } = await aJobThatKilled(state, 3);
    assert.equal((await state.jobs.claim(key, 'fourth', 1, ALONE)).kind, 'not_due');
    await state.jobs.heartbeat(owners[2]!, [], [], LONG_MS);
    const outcome = await claimWhenDue(state, key, 'fourth');
    assert.equal(claimed(outcome).job.crashes, 2);
  });

  test('a crash that was counted is taken back when the worker turns out to live', async () => {
    const { state } = database();
    const { key, owners } = await aJobThatKilled(state, 1);
    await aLeaseThatRanOut(state, key, uniqueName('dead'));
    assert.equal((await jobOf(state, key)).crashes, 1);
    await state.jobs.heartbeat(owners[0]!, [], [], LONG_MS);
    const { job } = claimed(await state.jobs.claim(key, 'third', LONG_MS));
    assert.deepEqual([job.crashes, job.interruptions], [1, 2]);
  });

  test('a worker that said goodbye and left the job to its lease has not died', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const owner = uniqueName('drained');
    const lease = claimed(await state.jobs.claim(key, owner, 300)).lease;
    await state.jobs.heartbeat(owner, [lease], [key], 300);
    await state.releaseWorkerSlot(owner);
    const outcome = await eventually(
      async () => {
        const claim = await state.jobs.claim(key, 'next', LONG_MS);
        return claim.kind === 'busy' ? undefined : claim;
      },
      { describe: 'the lease to run out' },
    );
    assert.deepEqual([claimed(outcome).job.crashes, claimed(outcome).job.interruptions], [0, 1]);
  });

  test('nor has one that said goodbye without any heartbeat of its having arrived', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const { owner } = await aLeaseThatRanOut(state, key, uniqueName('cut-off'));
    await state.releaseWorkerSlot(owner);
    const { job } = claimed(await state.jobs.claim(key, 'next', LONG_MS));
    assert.deepEqual([job.crashes, job.interruptions], [0, 1]);
  });

  test('deaths over a decided set do not count against the plan that comes after it', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const decided = await aLeaseThatRanOut(state, key, uniqueName('dead'));
    await state.jobs.storePlan(decided, aPlan());
    await state.jobs.decide(decided, 1, aSet(key));
    const settled = await aLeaseThatRanOut(state, key, uniqueName('dead'));
    assert.equal((await jobOf(state, key)).crashes, 1);
    assert.equal((await state.jobs.replanAfterNoEffect(settled, aSet(key))).kind, 'replanned');
    const { job } = claimed(await state.jobs.claim(key, 'third', LONG_MS));
    assert.equal(job.crashes, 1, 'only who died under the new plan counts');
  });

  test('a worker that was last seen before its lease ran out has died', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const owner = uniqueName('dead');
    const { lease } = claimed(await state.jobs.claim(key, owner, 1));
    await state.jobs.heartbeat(owner, [lease], [key], 20);
    const outcome = await eventually(
      async () => {
        const claim = await state.jobs.claim(key, 'next', LONG_MS);
        return claim.kind === 'busy' ? undefined : claim;
      },
      { describe: 'the lease to run out' },
    );
    assert.equal(claimed(outcome).job.crashes, 1);
  });

  test('an error that the process outlived, and an operator who wants a retry, clear the job', async () => {
    const { state } = database();
    const { key: failing } = await aJobThatKilled(state, 2);
    const { lease } = claimed(await state.jobs.claim(failing, 'third', LONG_MS, ALONE));
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 0);
    assert.equal(claimed(await state.jobs.claim(failing, 'next', LONG_MS)).job.crashes, 0);
    const { key: failed } = await aJobThatKilled(state, 2);
    const other = claimed(await state.jobs.claim(failed, 'third', LONG_MS, ALONE)).lease;
    await state.jobs.fail(other, 'access_denied', 'no');
    await state.jobs.retry(failed);
    assert.equal(claimed(await state.jobs.claim(failed, 'next', LONG_MS)).job.crashes, 0);
  });

  test('a drain in between is no sign of innocence: the job still runs alone', async () => {
    const { state } = database();
    const { key } = await aJobThatKilled(state, 2);
    const { lease } = claimed(await state.jobs.claim(key, 'third', LONG_MS, ALONE));
    await state.jobs.interrupt(lease);
    assert.equal((await state.jobs.claim(key, 'fourth', LONG_MS)).kind, 'must_run_alone');
  });

  test('what is decided is never failed: it runs alone however often a process dies', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const lease = await claimAs(state, key, uniqueName('dead'));
    await state.jobs.storePlan(lease, aPlan());
    await state.jobs.decide(lease, 1, aSet(lease));
    await database().execute(
      `UPDATE etl_jobs SET lease_expires_at = 1 WHERE organization_id = '${key.organizationId}'`,
    );
    for (let deaths = 2; deaths <= 5; deaths += 1) await aLeaseThatRanOut(state, key, uniqueName('dead'));
    assert.deepEqual(await state.jobs.claim(key, 'e', LONG_MS), { kind: 'must_run_alone' });
    const { job } = claimed(await state.jobs.claim(key, 'e', LONG_MS, ALONE));
    assert.deepEqual([job.status, job.crashes], ['COMMITTING', 5]);
  });
});

/** A job under which so many workers, none of which was ever seen again, let their lease run out. */
async function aJobThatKilled(
  state: State,
  times: number,
): Promise<{ key: JobKey; owners: readonly string[] }> {
  const key = await aQueuedJob(state, await anOrganization(state));
  const owners = Array.from({ length: times }, () => uniqueName('dead'));
  for (const owner of owners) await aLeaseThatRanOut(state, key, owner);
  return { key, owners };
}

/** The outcome of a claim once it is no longer too early for it. */
function claimWhenDue(state: State, key: JobKey, owner: string) {
  return eventually(
    async () => {
      const claim = await state.jobs.claim(key, owner, LONG_MS, ALONE);
      return claim.kind === 'not_due' ? undefined : claim;
    },
    { describe: 'the claim to be due' },
  );
}
