// Heartbeats: which leases go on, which are lost, and what the worker hears of its jobs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, uniqueName } from '../../support/eventually.ts';
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
  LONG_MS,
} from './fixtures.ts';

onEveryDatabase((database) => {
  test('a heartbeat renews every lease from the database’s now', async () => {
    const { state } = database();
    const leases = [await aRunningJob(state), await aRunningJob(state)];
    const before = await state.now();
    const outcome = await state.jobs.heartbeat('worker-1', leases, leases, 45_000);
    const after = await state.now();
    assert.deepEqual(outcome, { kept: leases, lost: [], cancelRequested: [], paused: [] });
    for (const lease of leases) {
      const { leaseExpiresAt, doorbellSeenAt } = await jobOf(state, lease);
      assert.ok(leaseExpiresAt! >= before + 45_000_000n && leaseExpiresAt! <= after + 45_000_000n);
      assert.ok(doorbellSeenAt! >= before);
    }
  });

  test('a lease that somebody else took over is reported lost, and his is left alone', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const lost = await aLeaseThatRanOut(state, key);
    await claimAs(state, key, 'worker-2');
    const kept = await aRunningJob(state);
    const untouched = await jobOf(state, key);
    const outcome = await state.jobs.heartbeat('worker-1', [lost, kept], [], LONG_MS);
    assert.deepEqual(outcome.lost, [lost]);
    assert.deepEqual(outcome.kept, [kept]);
    assert.deepEqual(await jobOf(state, key), untouched);
  });

  test('an earlier epoch of the same worker is lost, too', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const earlier = await aLeaseThatRanOut(state, key);
    const newest = await claimAs(state, key);
    assert.deepEqual((await state.jobs.heartbeat('worker-1', [earlier], [], LONG_MS)).lost, [earlier]);
    assert.deepEqual((await state.jobs.heartbeat('worker-1', [newest], [], LONG_MS)).kept, [newest]);
  });

  test('a lease that ran out and that nobody took is kept', async () => {
    const { state } = database();
    const key = await aQueuedJob(state, await anOrganization(state));
    const lease = await aLeaseThatRanOut(state, key);
    assert.deepEqual((await state.jobs.heartbeat('worker-1', [lease], [], LONG_MS)).kept, [lease]);
    assert.equal((await state.jobs.claim(key, 'worker-2', LONG_MS)).kind, 'busy');
  });

  test('the lease of a job that ended, waits or is unknown is lost', async () => {
    const { state } = database();
    const ended = await aDecidedJob(state);
    await state.jobs.finish(ended, aSet(ended), COUNTS);
    const waiting = await aRunningJob(state);
    await state.jobs.retryLater(waiting, 'rate_limited', 'slow down', LONG_MS);
    const leases = [ended, waiting, { ...ended, jobId: 'never' }];
    assert.deepEqual((await state.jobs.heartbeat('worker-1', leases, [], LONG_MS)).lost, leases);
  });

  test('a wish to cancel and a pause are heard with the next heartbeat', async () => {
    const { state } = database();
    const [cancel, pause] = [await aRunningJob(state), await aRunningJob(state)];
    await state.jobs.requestCancel(cancel);
    await state.organizations.pause(pause.organizationId);
    const outcome = await state.jobs.heartbeat('worker-1', [cancel, pause], [], LONG_MS);
    assert.deepEqual(outcome.kept, [cancel, pause]);
    assert.deepEqual(outcome.cancelRequested, [keyOf(cancel)]);
    assert.deepEqual(outcome.paused, [keyOf(pause)]);
  });

  test('the doorbell of every held message is renewed, however many there are', async () => {
    const { state } = database();
    const organization = uniqueName('org');
    const held = Array.from({ length: 130 }, (_, at) => ({
      organizationId: organization,
      jobId: `job-${at}`,
    }));
    for (const key of held)
      await state.jobs.admit(
        { ...key, jobType: 'incremental', window: undefined, requestedBy: undefined },
        undefined,
      );
    const before = await state.now();
    await eventually(async () => (await state.now()) > before, { describe: 'time to pass' });
    await state.jobs.heartbeat('worker-1', [], held, LONG_MS);
    const jobs = await state.jobs.list({ organizationId: organization, limit: 200 });
    assert.equal(jobs.filter((job) => job.doorbellSeenAt! > before).length, 130);
  });

  test('heartbeats at the same moment all keep their lease, though some change nothing', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const beats = Array.from({ length: 12 }, () =>
      state.jobs.heartbeat('worker-1', [lease], [lease], LONG_MS),
    );
    for (const outcome of await Promise.all(beats)) assert.deepEqual(outcome.lost, []);
  });

  test('two workers that hold each other’s messages do not stand in each other’s way', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const mine = [await aRunningJob(state), await aRunningJob(state), await aRunningJob(state)];
    const reversed = [...mine].reverse();
    const beats = Array.from({ length: 10 }, () => [
      state.jobs.heartbeat('worker-1', mine, mine, LONG_MS),
      other.jobs.heartbeat('worker-2', [], reversed, LONG_MS),
    ]);
    for (const outcome of await Promise.all(beats.flat())) assert.deepEqual(outcome.lost, []);
  });

  test('the oldest replica that is alive is elected, and never a run in the foreground', async () => {
    const { state } = database();
    // Others of this file have sent heartbeats.
    for (const { owner } of await state.listWorkers()) await state.releaseWorkerSlot(owner);
    assert.equal(await state.electedWorker(), undefined);
    const [run, first, second] = [uniqueName('run'), uniqueName('worker'), uniqueName('worker')];
    await state.jobs.heartbeat(run, [], [], LONG_MS, 'foreground');
    for (const owner of [first, second]) await state.jobs.heartbeat(owner, [], [], LONG_MS);
    assert.equal(await state.electedWorker(), first);
    await state.releaseWorkerSlot(first);
    assert.equal(await state.electedWorker(), second);
    // A beat that was under way while it said goodbye does not bring it back.
    await state.jobs.heartbeat(first, [], [], LONG_MS);
    assert.equal(await state.electedWorker(), second);
    const kinds = (await state.listWorkers()).filter(({ alive }) => alive).map(({ kind }) => kind);
    assert.deepEqual(kinds.sort(), ['foreground', 'worker']);
  });

  test('a heartbeat shows the worker among the replicas', async () => {
    const { state } = database();
    const owner = uniqueName('worker');
    await state.jobs.heartbeat(owner, [], [], LONG_MS);
    const worker = (await state.listWorkers()).find((each) => each.owner === owner);
    assert.equal(worker?.alive, true);
  });
});

function keyOf({ organizationId, jobId }: { organizationId: string; jobId: string }) {
  return { organizationId, jobId };
}
