// Claiming: who gets a job, in which order, and what stands in the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import {
  activeJobOf,
  aDecidedJob,
  aLeaseThatRanOut,
  anOrganization,
  aQueuedJob,
  aRunningJob,
  aSet,
  claimAs,
  claimed,
  COUNTS,
  jobOf,
  LONG_MS,
} from './fixtures.ts';

onEveryDatabase((database) => {
  test('of eight workers asking for a job at once one gets it and seven are told who has it', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const key = await aQueuedJob(state, await anOrganization(state));
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? state : other).jobs.claim(key, `worker-${at}`, LONG_MS),
      ),
    );
    const winners = outcomes.filter((outcome) => outcome.kind === 'claimed');
    assert.equal(winners.length, 1);
    assert.equal(outcomes.filter((outcome) => outcome.kind === 'busy').length, 7);
    const job = await jobOf(state, key);
    assert.equal(job.leaseOwner, winners[0]!.lease.owner);
    assert.equal(job.leaseEpoch, 1);
  });

  test('of two jobs of one organization claimed at once only one becomes active', async () => {
    const { state } = database();
    const other = await database().openAnother();
    for (let round = 0; round < 5; round += 1) {
      const organization = await anOrganization(state);
      const [first, second] = [await aQueuedJob(state, organization), await aQueuedJob(state, organization)];
      const outcomes = await Promise.all([
        state.jobs.claim(first, 'worker-1', LONG_MS),
        other.jobs.claim(second, 'worker-2', LONG_MS),
      ]);
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        ['claimed', 'behind'],
      );
    }
  });

  test('a claim makes the job IN_PROGRESS, locks the organization and lasts as long as asked', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const before = await state.now();
    const { job, organization, resumed, lease } = claimed(await state.jobs.claim(key, 'worker-1', 30_000));
    const after = await state.now();
    assert.equal(resumed, false);
    assert.deepEqual(lease, { ...key, owner: 'worker-1', epoch: 1 });
    assert.equal(organization.activeJob, key.jobId);
    assert.equal(await activeJobOf(state, key), key.jobId);
    assert.deepEqual(await jobOf(state, key), job);
    assert.equal(job.status, 'IN_PROGRESS');
    assert.ok(job.leaseExpiresAt! >= before + 30_000_000n && job.leaseExpiresAt! <= after + 30_000_000n);
    assert.ok(job.startedAt! >= before && job.startedAt! <= after);
  });

  test('a live lease makes the job busy, and tells its own owner that it is its own', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const expires = (await jobOf(state, lease)).leaseExpiresAt!;
    assert.deepEqual(await state.jobs.claim(lease, 'worker-2', LONG_MS), {
      kind: 'busy',
      owner: 'worker-1',
      leaseExpiresAt: expires,
      mine: false,
    });
    const again = await state.jobs.claim(lease, 'worker-1', LONG_MS);
    assert.equal(again.kind === 'busy' && again.mine, true);
    assert.equal((await jobOf(state, lease)).leaseEpoch, 1);
  });

  test('a lease that ran out is taken over under the next epoch, as an interruption and a crash', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    await aLeaseThatRanOut(state, key);
    const { lease, job, resumed } = claimed(await state.jobs.claim(key, 'worker-2', LONG_MS));
    assert.equal(resumed, true);
    assert.equal(lease.epoch, 2);
    assert.deepEqual([job.interruptions, job.crashes, job.attempts], [1, 1, 0]);
    assert.equal(job.status, 'IN_PROGRESS');
  });

  test('an owner that takes over from itself has not crashed', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    await aLeaseThatRanOut(state, key, 'worker-1');
    const { job } = claimed(await state.jobs.claim(key, 'worker-1', LONG_MS));
    assert.deepEqual([job.interruptions, job.crashes], [1, 0]);
  });

  test('a lease that was given back is taken over without counting anything', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    await state.jobs.interrupt(lease);
    const { job, resumed } = claimed(await state.jobs.claim(lease, 'worker-2', LONG_MS));
    assert.equal(resumed, false);
    assert.deepEqual([job.interruptions, job.crashes], [1, 0]);
  });

  test('jobs of an organization run in the order in which they arrived', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const first = await aQueuedJob(state, organization);
    const second = await aQueuedJob(state, organization);
    assert.deepEqual(await state.jobs.claim(second, 'worker-1', LONG_MS), {
      kind: 'behind',
      activeJob: undefined,
    });
    const lease = await claimAs(state, first);
    assert.deepEqual(await state.jobs.claim(second, 'worker-1', LONG_MS), {
      kind: 'behind',
      activeJob: first.jobId,
    });
    await state.jobs.fail(lease, 'access_denied', 'no');
    await claimAs(state, second);
  });

  test('a job that waits for its next attempt lets the next one pass', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const first = await aQueuedJob(state, organization);
    const second = await aQueuedJob(state, organization);
    const waiting = await state.jobs.retryLater(
      await claimAs(state, first),
      'rate_limited',
      'slow down',
      LONG_MS,
    );
    assert.ok(waiting.kind === 'waiting');
    const { nextAttemptAt } = waiting;
    assert.deepEqual(await state.jobs.claim(first, 'worker-1', LONG_MS), { kind: 'not_due', nextAttemptAt });
    await claimAs(state, second);
  });

  test('a job whose next attempt is due goes first again', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const first = await aQueuedJob(state, organization);
    const second = await aQueuedJob(state, organization);
    await state.jobs.retryLater(await claimAs(state, first), 'rate_limited', 'slow down', 1);
    await eventually(async () => (await state.now()) >= (await jobOf(state, first)).nextAttemptAt!, {
      describe: 'the next attempt to be due',
    });
    assert.equal((await state.jobs.claim(second, 'worker-1', LONG_MS)).kind, 'behind');
    const { job } = claimed(await state.jobs.claim(first, 'worker-1', LONG_MS));
    assert.equal(job.nextAttemptAt, undefined);
  });

  test('organizations do not wait for each other', async () => {
    const { state } = database();
    await aRunningJob(state);
    await aRunningJob(state);
  });

  test('a paused organization starts no job', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const key = await aQueuedJob(state, organization);
    await state.organizations.pause(organization);
    assert.deepEqual(await state.jobs.claim(key, 'worker-1', LONG_MS), { kind: 'paused' });
    await state.organizations.resume(organization);
    await claimAs(state, key);
  });

  test('what is decided is rolled forward in a paused organization too, by whoever claims it', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.interrupt(lease);
    await state.organizations.pause(lease.organizationId);
    const { job, resumed } = claimed(await state.jobs.claim(lease, 'worker-2', LONG_MS));
    assert.equal(job.status, 'COMMITTING');
    assert.deepEqual(job.commitSet, aSet(lease));
    assert.equal(resumed, true);
    assert.equal(job.crashes, 0);
  });

  test('a job that needs an operator is not claimed', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.needOperator(lease, 'some rows are there');
    assert.deepEqual(await state.jobs.claim(lease, 'worker-2', LONG_MS), { kind: 'needs_operator' });
  });

  test('a job that ended says how', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    const failed = await aRunningJob(state);
    await state.jobs.fail(failed, 'access_denied', 'no');
    assert.deepEqual(await state.jobs.claim(lease, 'worker-1', LONG_MS), {
      kind: 'finished',
      status: 'SUCCESS',
    });
    assert.deepEqual(await state.jobs.claim(failed, 'worker-1', LONG_MS), {
      kind: 'finished',
      status: 'FAILED',
    });
  });

  test('jobs and organizations that nobody knows are told apart', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, uniqueName('nobody'));
    assert.deepEqual(await state.jobs.claim(key, 'worker-1', LONG_MS), { kind: 'unknown_organization' });
    assert.deepEqual(await state.jobs.claim({ ...key, jobId: 'none' }, 'worker-1', LONG_MS), {
      kind: 'unknown_job',
    });
  });

  test('a lock left behind by a job that ended, vanished or waits is no lock', async () => {
    const { state, execute } = database();
    const organization = await anOrganization(state);
    const ended = await aQueuedJob(state, organization);
    await state.jobs.fail(await claimAs(state, ended), 'access_denied', 'no');
    const waiting = await aQueuedJob(state, organization);
    await state.jobs.retryLater(await claimAs(state, waiting), 'rate_limited', 'slow down', LONG_MS);
    for (const left of [ended.jobId, waiting.jobId, 'never-admitted']) {
      await execute('UPDATE client_billing_config SET active_job = ? WHERE organization_id = ?', [
        left,
        organization,
      ]);
      const key = await aQueuedJob(state, organization);
      const lease = await claimAs(state, key);
      assert.equal(await activeJobOf(state, key), key.jobId);
      await state.jobs.fail(lease, 'access_denied', 'no');
    }
  });

  test('names that differ in case only are different organizations and different jobs', async () => {
    const { state } = database();
    const organization = await anOrganization(state);
    const upper = await anOrganization(state, { organizationId: organization.toUpperCase() });
    const jobId = uniqueName('job');
    const first = await aQueuedJob(state, organization, { jobId });
    const second = await aQueuedJob(state, organization, { jobId: jobId.toUpperCase() });
    assert.notEqual((await jobOf(state, first)).id, (await jobOf(state, second)).id);
    const other = await aQueuedJob(state, upper, { jobId });
    await claimAs(state, first);
    await claimAs(state, other);
    assert.equal((await state.jobs.claim(second, 'worker-1', LONG_MS)).kind, 'behind');
  });
});
