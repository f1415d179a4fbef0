// How a run ends or rests: what is written, that repeating it is harmless, and that a stale lease writes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseLostError } from '../../../src/job/errors.ts';
import type { Lease } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
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
  jobOf,
  LONG_MS,
} from './fixtures.ts';

const ENDINGS: readonly { name: string; end: (state: State, lease: Lease) => Promise<{ kind: string }> }[] = [
  { name: 'fail', end: (state, lease) => state.jobs.fail(lease, 'access_denied', 'no') },
  { name: 'cancelled', end: (state, lease) => state.jobs.cancelled(lease) },
  {
    name: 'retryLater',
    end: (state, lease) => state.jobs.retryLater(lease, 'rate_limited', 'slow down', LONG_MS),
  },
  { name: 'interrupt', end: (state, lease) => state.jobs.interrupt(lease) },
];

onEveryDatabase((database) => {
  for (const { name, end } of ENDINGS) {
    test(`${name} under a stale epoch, another owner or an unknown key changes nothing`, async () => {
      const { state } = database();
      const key = await aQueuedJob(state, await anOrganization(state));
      const stale = await aLeaseThatRanOut(state, key);
      const lease = await claimAs(state, key, 'worker-2');
      const before = await jobOf(state, key);
      for (const wrong of [stale, { ...lease, owner: 'worker-3' }, { ...lease, jobId: 'never' }])
        assert.equal((await end(state, wrong)).kind, 'lost');
      assert.deepEqual(await jobOf(state, key), before);
    });

    test(`${name} repeated after a lost reply answers the same and changes nothing more`, async () => {
      const { state } = database();
      const lease = await aRunningJob(state);
      const first = await end(state, lease);
      const before = await jobOf(state, lease);
      assert.deepEqual(await end(state, lease), first);
      assert.deepEqual(await jobOf(state, lease), before);
      const letters = await state.deadLetters.list({ organizationId: lease.organizationId });
      assert.ok(letters.length <= 1);
    });

    test(`${name} under a lease that ran out works as long as nobody took the job`, async () => {
      const { state } = database();
      const lease = await aLeaseThatRanOut(state, await aQueuedJob(state, await anOrganization(state)));
      assert.notEqual((await end(state, lease)).kind, 'lost');
    });
  }

  for (const { name, end } of ENDINGS.slice(0, 2)) {
    test(`${name} is refused after the decision`, async () => {
      const { state } = database();
      const lease = await aDecidedJob(state);
      const before = await jobOf(state, lease);
      assert.deepEqual(await end(state, lease), { kind: 'lost' });
      assert.deepEqual(await jobOf(state, lease), before);
    });
  }

  test('failing records reason, message, dead letter and alert together', async () => {
    const { state } = database();
    const lease = await aRunningJob(state, { jobType: 'backfill', window: { start: 0n, end: 1_000_000n } });
    assert.deepEqual(await state.jobs.fail(lease, 'schema_drift', 'cost became STRING'), { kind: 'failed' });
    const job = await jobOf(state, lease);
    assert.deepEqual(
      [job.status, job.errorReason, job.errorMessage],
      ['FAILED', 'schema_drift', 'cost became STRING'],
    );
    assert.ok(job.finishedAt);
    const [letter, ...rest] = await state.deadLetters.list({ organizationId: lease.organizationId });
    assert.equal(rest.length, 0);
    assert.deepEqual(
      [letter!.source, letter!.reason, letter!.jobId],
      ['failed_job', 'schema_drift', lease.jobId],
    );
    assert.deepEqual(letter!.violations, ['cost became STRING']);
    assert.deepEqual(JSON.parse(letter!.message), {
      organization_id: lease.organizationId,
      job_id: lease.jobId,
      job_type: 'backfill',
      window: { start: '1970-01-01T00:00:00.000000Z', end: '1970-01-01T00:00:01.000000Z' },
    });
    const alerts = (await state.alerts.claimUnsent(1000, 1)).filter(
      (alert) => alert.organizationId === lease.organizationId,
    );
    assert.deepEqual(
      alerts.map(({ kind, jobId, message }) => [kind, jobId, message]),
      [['failed', lease.jobId, 'schema_drift: cost became STRING']],
    );
  });

  test('trying again later counts an attempt and keeps the plan', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const before = await state.now();
    const outcome = await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 60_000);
    const after = await state.now();
    assert.ok(outcome.kind === 'waiting');
    const due = outcome.nextAttemptAt;
    assert.ok(due >= before + 60_000_000n && due <= after + 60_000_000n);
    const job = await jobOf(state, lease);
    assert.deepEqual(
      [job.status, job.attempts, job.interruptions, job.nextAttemptAt, job.leaseOwner],
      ['QUEUED', 1, 0, due, undefined],
    );
    assert.deepEqual([job.errorReason, job.errorMessage], ['rate_limited', 'slow down']);
    assert.deepEqual(job.plan, aPlan());
  });

  test('after the decision, trying again later counts no attempt and stays COMMITTING', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    const outcome = await state.jobs.retryLater(lease, 'warehouse_unavailable', 'down', LONG_MS);
    assert.equal(outcome.kind, 'waiting');
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.attempts, job.leaseExpiresAt], ['COMMITTING', 0, undefined]);
    const alerts = (await state.alerts.claimUnsent(1000, 1)).filter(({ jobId }) => jobId === lease.jobId);
    assert.deepEqual(
      alerts.map(({ kind, reason }) => [kind, reason]),
      [['commit_retrying', 'warehouse_unavailable']],
    );
    assert.equal((await state.jobs.claim(lease, 'worker-2', LONG_MS)).kind, 'not_due');
  });

  test('an alert for an operator holds the very commands that settle the job', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.needOperator(lease, '2 of 3 rows are there');
    const command = `pulse-billing-etl resolve ${lease.organizationId} ${lease.jobId}`;
    const { errorMessage = '' } = await jobOf(state, lease);
    for (const option of ['--committed', '--not-committed'])
      assert.ok(errorMessage.includes(`${command} ${option}`), errorMessage);
  });

  test('an interruption is not an attempt, and the job can be claimed at once', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    assert.deepEqual(await state.jobs.interrupt(lease), { kind: 'released' });
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.attempts, job.interruptions], ['QUEUED', 0, 1]);
    assert.equal(job.nextAttemptAt, undefined);
    assert.deepEqual(claimed(await state.jobs.claim(lease, 'worker-2', LONG_MS)).job.plan, aPlan());
  });

  test('a wish to cancel is granted when the run rests, and found by the next claim', async () => {
    const { state } = database();
    for (const { end } of ENDINGS.slice(2)) {
      const lease = await aRunningJob(state);
      await state.jobs.requestCancel(lease);
      const first = await end(state, lease);
      assert.notEqual(first.kind, 'lost');
      assert.equal((await end(state, lease)).kind, first.kind);
      assert.deepEqual(await state.jobs.claim(lease, 'worker-2', LONG_MS), {
        kind: 'finished',
        status: 'CANCELLED',
      });
    }
  });

  test('needing an operator is recorded with its alert, under the lease and after the decision only', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await assert.rejects(state.jobs.needOperator({ ...lease, epoch: 9 }, 'no'), LeaseLostError);
    await assert.rejects(state.jobs.needOperator(await aRunningJob(state), 'no'), LeaseLostError);
    await state.jobs.needOperator(lease, '2 of 3 rows are there');
    await state.jobs.needOperator(lease, '2 of 3 rows are there');
    const job = await jobOf(state, lease);
    assert.deepEqual(
      [job.status, job.needsOperator, job.errorReason, job.leaseOwner],
      ['COMMITTING', true, 'commit_ambiguous', undefined],
    );
    assert.match(job.errorMessage ?? '', /^2 of 3 rows are there; /);
    assert.deepEqual(job.commitSet, aSet(lease));
    const alerts = (await state.alerts.claimUnsent(1000, 1)).filter(({ jobId }) => jobId === lease.jobId);
    assert.deepEqual(
      alerts.map(({ kind }) => kind),
      ['needs_operator'],
    );
  });
});
