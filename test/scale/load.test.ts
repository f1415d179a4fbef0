// A small slice of the load that `npm run scale` puts on workers: what must come of it, not how fast.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '../conformance/state/databases.ts';
import { carryLoad } from './load.ts';

test('two workers copy every organization once, one of which has a queue of jobs', async (t) => {
  const database = await createTestDatabase('MariaDB');
  t.after(() => database.drop());
  const queue = Array.from({ length: 3 }, (_, at) => ({ organizationId: 'big', jobId: `hourly-${at}` }));
  const single = Array.from({ length: 12 }, (_, at) => ({ organizationId: `org-${at}`, jobId: 'hourly' }));
  const { times, calls } = await carryLoad({
    database: database.settings,
    workers: 2,
    maxConcurrentJobs: 2,
    parkedLimit: 10,
    leaseMs: 15_000,
    jobs: [...queue, ...single],
    callMs: 0,
  });
  assert.equal(times.filter(({ startedMs, endedMs }) => startedMs > 0 && endedMs > startedMs).length, 15);
  assert.ok((calls.get('commitWriteStreams') ?? 0) >= 13, 'one for each organization at the least');
});

test('two workers in processes of their own copy every organization once, published one after the other', async (t) => {
  const database = await createTestDatabase('MariaDB');
  t.after(() => database.drop());
  const { times, calls } = await carryLoad({
    database: database.settings,
    workers: 2,
    processes: true,
    maxConcurrentJobs: 2,
    parkedLimit: 10,
    leaseMs: 15_000,
    jobs: Array.from({ length: 12 }, (_, at) => ({ organizationId: `org-${at}`, jobId: 'hourly' })),
    overMs: 100,
    callMs: 0,
  });
  assert.equal(times.filter(({ startedMs, endedMs }) => startedMs > 0 && endedMs > startedMs).length, 12);
  assert.equal(calls.get('commitWriteStreams'), 12);
});
