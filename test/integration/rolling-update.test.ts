// What a Deployment does to its workers, one after the other: rolling updates and a change of replicas while jobs run.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { JobKey } from '../../src/job/job.ts';
import { isTerminal } from '../../src/job/job-status.ts';
import { createTestDatabase } from '../conformance/state/databases.ts';
import type { Daemon } from '../support/daemon.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { daemonSetup, type DaemonSetup } from './daemon-process.ts';
import type { Copy } from './run-setup.ts';

const ORGANIZATIONS = 3;
/** Enough batches of ten for the first replica to be taken away in the middle of a copy. */
const ROWS = 1500;
/** Acknowledged batches between two changes, so that something was under way at each. */
const BATCHES_BETWEEN = 10;
/** Two replicas together can run every job, one alone cannot: each has some. */
const REPLICA = { MAX_CONCURRENT_JOBS: '2' };

type Running = { readonly setup: DaemonSetup; readonly jobs: readonly { copy: Copy; key: JobKey }[] };

/** Jobs that nobody has published yet. */
async function preparedJobs(context: TestContext): Promise<Running> {
  const database = await createTestDatabase('MariaDB');
  context.after(() => database.drop());
  const setup = await daemonSetup(context, database.settings);
  const copies = await Promise.all(Array.from({ length: ORGANIZATIONS }, () => setup.newCopy(ROWS)));
  const jobs = copies.map((copy) => ({
    copy,
    key: { organizationId: copy.organizationId, jobId: uniqueName('job') },
  }));
  return { setup, jobs };
}

/** Resolves once this many more batches are acknowledged, or every job has ended. */
async function someProgress({ setup, jobs }: Running): Promise<void> {
  const acknowledged = async (): Promise<number> => {
    const each = await Promise.all(jobs.map(({ key }) => setup.state.batches.progress(key, 1)));
    return each.reduce((sum, { batches }) => sum + batches, 0);
  };
  const before = await acknowledged();
  await eventually(
    async () => {
      const found = await Promise.all(jobs.map(({ key }) => setup.state.jobs.find(key)));
      if (found.every((job) => job && isTerminal(job.status))) return true;
      return (await acknowledged()) >= before + BATCHES_BETWEEN;
    },
    { describe: `${BATCHES_BETWEEN} more batches after ${before}`, timeoutMs: 60_000 },
  );
}

/** A replica that is ready to take jobs. */
async function newReplica({ setup }: Running): Promise<Daemon> {
  const replica = await setup.start(REPLICA);
  await replica.says(/worker started/);
  return replica;
}

/** SIGTERM, as Kubernetes sends it; a replica that hands everything over ends with 0. */
async function takenAway(replica: Daemon): Promise<void> {
  replica.signal('SIGTERM');
  assert.equal(await replica.ended, 0);
  assert.equal(replica.errors(), '');
  assert.deepEqual(replica.logged(/dead-letter|lease lost/), []);
}

/** Every job succeeded at its first attempt with every row once; resolves with the interruptions of all. */
async function everythingArrivedOnce({ setup, jobs }: Running): Promise<number> {
  let interruptions = 0;
  for (const { copy, key } of jobs) {
    const job = await setup.jobWhen(key, 'its end', ({ status }) => isTerminal(status));
    assert.deepEqual([job.status, job.attempts, job.rowsWritten], ['SUCCESS', 0, ROWS]);
    assert.deepEqual(await copy.lineages(), {
      [`${key.organizationId}/${key.jobId}/${job.planNumber}`]: ROWS,
    });
    assert.deepEqual(await copy.destinationRows(), await copy.sourceRows());
    interruptions += job.interruptions;
  }
  return interruptions;
}

test('replicas are updated, added and taken away while jobs run: nothing is lost, doubled or dead-lettered, and no attempt is spent', async (context) => {
  const running = await preparedJobs(context);
  // maxSurge 1, maxUnavailable 0: the new one is ready before the old one is asked to stop.
  const [old, updated] = await Promise.all([newReplica(running), newReplica(running)]);
  for (const { key } of running.jobs) await running.setup.publish(key);
  await someProgress(running);
  await takenAway(old);
  const added = await Promise.all([newReplica(running), newReplica(running), newReplica(running)]);
  // From four back to one; those that have worked longest go first, as a scale-down may choose.
  const [survivor, ...more] = added;
  for (const replica of [updated, ...more]) {
    await someProgress(running);
    await takenAway(replica);
  }

  assert.ok((await everythingArrivedOnce(running)) >= 1, 'a job was in its middle when its replica went');
  await takenAway(survivor);
});
