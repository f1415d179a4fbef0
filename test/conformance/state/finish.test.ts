// Finishing: the watermark and SUCCESS move together, once, for whoever holds the recorded set.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../../src/job/batch.ts';
import type { CopiedDays } from '../../../src/job/day-totals.ts';
import { onEveryDatabase } from './databases.ts';
import {
  activeJobOf,
  aDecidedJob,
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
  test('finishing makes the job SUCCESS, moves the watermark to hi and frees the organization', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'finished' });
    const job = await jobOf(state, lease);
    assert.equal(job.status, 'SUCCESS');
    assert.deepEqual([job.rowsRead, job.rowsWritten, job.bytesWritten], [3, 2, 40]);
    assert.ok(job.finishedAt! >= job.startedAt!);
    assert.equal(job.leaseExpiresAt, undefined);
    const organization = await state.organizations.find(lease.organizationId);
    assert.equal(organization?.watermark, HI);
    assert.equal(organization.activeJob, undefined);
  });

  test('finishing again, also at once, changes nothing', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const lease = await aDecidedJob(state);
    const finish = (each: typeof state) => each.jobs.finish(lease, aSet(lease), COUNTS);
    const outcomes = await Promise.all([finish(state), finish(other), finish(state)]);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['already', 'already', 'finished']);
    const before = await jobOf(state, lease);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), { ...COUNTS, rowsRead: 99 }), {
      kind: 'already',
    });
    assert.deepEqual(await jobOf(state, lease), before);
  });

  test('a late repeat never moves the watermark back', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    const next = await claimAs(state, await aQueuedJob(state, lease.organizationId));
    await state.jobs.storePlan(next, aPlan({ lo: HI, hi: HI + 5n }));
    await state.jobs.decide(next, 1, aSet(next));
    await state.jobs.finish(next, aSet(next), COUNTS);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'already' });
    assert.equal((await state.organizations.find(lease.organizationId))?.watermark, HI + 5n);
  });

  test('the set is the fence, not the lease: whoever committed it may finish', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    await state.jobs.interrupt(lease);
    await claimAs(state, lease, 'worker-2');
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'finished' });
  });

  test('what a module read and wrote is on record by day once its job has ended, however often that is said', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const { organizationId } = lease;
    const read = { sourceSchema: [], verifyColumns: [], currencyColumn: undefined };
    const moduleTransform = { version: '1', cursorField: 'at', ...read };
    await state.jobs.storePlan(lease, { ...aPlan(), moduleTransform });
    const counts = { rowsRead: 3, rowsWritten: 1, rowsDropped: 0, rowsQuarantined: 0, bytes: 9 };
    const batch = (index: number, days: CopiedDays): Batch => ({
      ...{ stream: 0, batch: index, readOffset: 3 * index, writeOffset: index, ...counts },
      ...{ totals: [], state: 'planned', days },
    });
    const ofDay = (day: string, rows: number) => ({ day, totals: [{ currency: null, rows, columns: {} }] });
    const batches = [
      batch(0, { read: [ofDay('2025-11-23', 2)], written: [ofDay('2025-11-23', 1)] }),
      batch(1, { read: [ofDay('2025-11-23', 1), ofDay('2025-11-24', 4)], written: [] }),
    ];
    await state.batches.record(lease, 1, batches, []);
    assert.equal((await state.batches.list(lease, 1))[0]?.days, undefined, 'long, and not listed');
    await state.jobs.decide(lease, 1, aSet(lease));
    for (let times = 0; times < 2; times += 1) await state.jobs.finish(lease, aSet(lease), COUNTS);
    const found = await state.ledger.list(organizationId, '2025-01-01', '2025-12-31');
    assert.deepEqual(
      found.map(({ sourceDay, rows, parts = [] }) => [sourceDay, rows, parts.map((part) => part.hi)]),
      [
        ['2025-11-23', 1, [1_763_942_399_999_999n]],
        ['2025-11-24', 0, [HI]],
      ],
    );
    assert.deepEqual(found[0]!.parts?.[0]?.read, [{ currency: null, rows: 3, columns: {} }]);

    await state.ledger.confirm(lease, ['2025-11-24', '2025-11-30']);
    const [, confirmed] = await state.ledger.list(organizationId, '2025-01-01', '2025-12-31');
    assert.ok(confirmed!.verifiedAt > found[1]!.verifiedAt);
    assert.deepEqual(confirmed!.parts, found[1]!.parts);
  });

  test('another set finishes nothing', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state);
    const before = await jobOf(state, lease);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease, 'second'), COUNTS), {
      kind: 'superseded',
      status: 'COMMITTING',
    });
    assert.deepEqual(await jobOf(state, lease), before);
    await state.jobs.replanAfterNoEffect(lease, aSet(lease));
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), {
      kind: 'superseded',
      status: 'IN_PROGRESS',
    });
  });

  test('a backfill finishes without touching the watermark', async () => {
    const { state } = database();
    const lease = await aDecidedJob(state, { jobType: 'backfill', window: { start: 1n, end: 2n } });
    await state.jobs.finish(lease, aSet(lease), COUNTS);
    assert.equal((await state.organizations.find(lease.organizationId))?.watermark, undefined);
  });

  test('a watermark that somebody changed by hand stops the job where it is and says so', async () => {
    const { state, execute } = database();
    const lease = await aDecidedJob(state);
    const change = 'UPDATE client_billing_config SET last_successful_run = ? WHERE organization_id = ?';
    await execute(change, [77, lease.organizationId]);
    await assert.rejects(
      state.jobs.finish(lease, aSet(lease), COUNTS),
      /somebody changed last_successful_run/,
    );
    assert.equal((await jobOf(state, lease)).status, 'COMMITTING');
    assert.equal(await activeJobOf(state, lease), lease.jobId);
    await execute(change, [null, lease.organizationId]);
    assert.deepEqual(await state.jobs.finish(lease, aSet(lease), COUNTS), { kind: 'finished' });
  });

  test('a job without rows ends at once, leaves the watermark and frees the organization', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    const none = { rowsRead: 0, rowsWritten: 0, bytesWritten: 0 };
    assert.deepEqual(await state.jobs.finishEmpty(lease, 1, none), { kind: 'finished' });
    assert.deepEqual(await state.jobs.finishEmpty(lease, 1, none), { kind: 'finished' });
    const job = await jobOf(state, lease);
    assert.deepEqual([job.status, job.rowsWritten, job.commitSet], ['SUCCESS', 0, undefined]);
    const organization = await state.organizations.find(lease.organizationId);
    assert.deepEqual([organization?.watermark, organization?.activeJob], [undefined, undefined]);
  });

  test('jobs that wrote rows are told from those that had none', async () => {
    const { state } = database();
    const empty = await aPlannedJob(state);
    await state.jobs.finishEmpty(empty, 1, { ...COUNTS, rowsWritten: 0 });
    const { organizationId } = empty;
    const written = { organizationId, status: ['SUCCESS'], hasWritten: true } as const;
    assert.deepEqual(await state.jobs.list(written), []);
    const copied = await aDecidedJob(state);
    await state.jobs.finish(copied, aSet(copied), COUNTS);
    const found = await state.jobs.list({ ...written, organizationId: copied.organizationId });
    assert.deepEqual(
      found.map(({ jobId }) => jobId),
      [copied.jobId],
    );
  });

  test('a job that dropped every row it read moves the watermark when told to', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    await state.jobs.finishEmpty(lease, 1, { ...COUNTS, rowsWritten: 0 }, { moveWatermark: true });
    assert.equal((await state.organizations.find(lease.organizationId))?.watermark, HI);
  });

  test('after a success the error of an earlier attempt is gone', async () => {
    const { state } = database();
    const lease = await aPlannedJob(state);
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 0);
    const again = await claimAs(state, lease);
    assert.equal((await jobOf(state, lease)).errorReason, 'rate_limited');
    await state.jobs.decide(again, 1, aSet(again));
    await state.jobs.finish(again, aSet(again), COUNTS);
    const job = await jobOf(state, lease);
    assert.deepEqual([job.errorReason, job.errorMessage, job.attempts], [undefined, undefined, 1]);
    assert.equal((await state.jobs.claim(lease, 'worker-1', LONG_MS)).kind, 'finished');
  });

  test('organizations made later begin where they were told to', async () => {
    const { state } = database();
    const organization = await anOrganization(state, { watermark: { kind: 'since', at: HI } });
    assert.equal((await state.organizations.find(organization))?.watermark, HI);
  });
});
