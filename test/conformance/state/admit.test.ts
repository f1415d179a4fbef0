// Admitting: what a message leaves behind, once and for ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobRequest } from '../../../src/job/job.ts';
import { eventually, uniqueName } from '../../support/eventually.ts';
import { onEveryDatabase } from './databases.ts';
import { aRunningJob, jobOf } from './fixtures.ts';

function aRequest(): JobRequest {
  return {
    organizationId: uniqueName('org'),
    jobId: uniqueName('job'),
    jobType: 'backfill',
    window: { start: -62_135_596_800_000_000n, end: 253_402_300_799_999_999n },
    requestedBy: 'Zoë 🌱',
  };
}

onEveryDatabase((database) => {
  test('a request becomes a queued job that says everything the request said, to the microsecond', async () => {
    const { state } = database();
    const request = aRequest();
    const before = await state.now();
    const job = await state.jobs.admit(request, 'message-1');
    const { id, doorbellSeenAt, createdAt, updatedAt, ...rest } = job;
    assert.ok(id > 0);
    assert.ok(doorbellSeenAt! >= before && createdAt >= before && updatedAt >= before);
    assert.deepEqual(rest, {
      ...request,
      status: 'QUEUED',
      messageId: 'message-1',
      attempts: 0,
      interruptions: 0,
      crashes: 0,
      leaseEpoch: 0,
      planNumber: 1,
      needsOperator: false,
      cancelRequested: false,
      ...undefinedAt('nextAttemptAt', 'leaseOwner', 'leaseExpiresAt', 'plan', 'commitSet', 'rowsRead'),
      ...undefinedAt('rowsWritten', 'bytesWritten', 'errorReason', 'errorMessage', 'startedAt', 'finishedAt'),
    });
    assert.deepEqual(await jobOf(state, request), job);
  });

  test('the first request under a key wins, and a later one only rings the doorbell', async () => {
    const { state } = database();
    const request = aRequest();
    const first = await state.jobs.admit(request, 'message-1');
    await eventually(async () => (await state.now()) > first.doorbellSeenAt!, { describe: 'time to pass' });
    const second = await state.jobs.admit({ ...request, jobType: 'verify', window: undefined }, 'message-2');
    assert.ok(second.doorbellSeenAt! > first.doorbellSeenAt!);
    assert.deepEqual(
      { ...second, doorbellSeenAt: first.doorbellSeenAt },
      { ...first, messageId: 'message-2' },
    );
    assert.equal((await state.jobs.admit(request, undefined)).messageId, 'message-2');
  });

  test('a running job admitted again goes on running', async () => {
    const { state } = database();
    const lease = await aRunningJob(state);
    const job = await state.jobs.admit(
      { ...lease, jobType: 'incremental', window: undefined, requestedBy: undefined },
      'again',
    );
    assert.deepEqual([job.status, job.leaseOwner, job.leaseEpoch], ['IN_PROGRESS', 'worker-1', 1]);
  });

  test('ten deliveries of one message at once make one job', async () => {
    const { state } = database();
    const other = await database().openAnother();
    const request = aRequest();
    const jobs = await Promise.all(
      Array.from({ length: 10 }, (_, at) => (at % 2 ? state : other).jobs.admit(request, `message-${at}`)),
    );
    assert.equal(new Set(jobs.map((job) => job.id)).size, 1);
    assert.equal((await state.jobs.list({ organizationId: request.organizationId })).length, 1);
  });

  test('jobs are listed by organization, status and type, the newest first and page by page', async () => {
    const { state } = database();
    const organizationId = uniqueName('org');
    for (const [at, jobType] of (['incremental', 'verify', 'incremental'] as const).entries())
      await state.jobs.admit({ ...aRequest(), organizationId, jobId: `job-${at}`, jobType }, undefined);
    const names = async (filter: object) =>
      (await state.jobs.list({ organizationId, ...filter })).map((job) => job.jobId);
    assert.deepEqual(await names({}), ['job-2', 'job-1', 'job-0']);
    assert.deepEqual(await names({ jobType: 'verify' }), ['job-1']);
    assert.deepEqual(await names({ status: ['SUCCESS', 'FAILED'] }), []);
    assert.deepEqual(await names({ status: [] }), []);
    assert.deepEqual(await names({ limit: 1 }), ['job-2']);
    const [newest] = await state.jobs.list({ organizationId, limit: 1 });
    assert.deepEqual(await names({ beforeId: newest!.id, status: ['QUEUED'] }), ['job-1', 'job-0']);
    assert.ok(
      (await state.jobs.countByStatus()).some(
        (entry) => entry.organizationId === organizationId && entry.status === 'QUEUED' && entry.count === 3,
      ),
    );
  });
});

function undefinedAt(...names: string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
