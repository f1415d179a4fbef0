// What a Deployment does to its workers, one after the other: rolling updates and a change of replicas while jobs run.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test, type TestContext } from 'node:test';
import type { JobKey } from '../../src/job/job.ts';
import { isTerminal } from '../../src/job/job-status.ts';
import { createTestDatabase } from '../conformance/state/databases.ts';
import { PATIENCE_MS, type Daemon } from '../support/daemon.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import { daemonSetup, type DaemonSetup } from './daemon-process.ts';
import type { Copy } from './run-setup.ts';

/** In batches of ten: long enough for a replica to be asked to stop in the middle of them. */
const ROWS = 1500;
const SOME_BATCHES = 10;
const REPLICA = { MAX_CONCURRENT_JOBS: '2' };

type Published = { readonly copy: Copy; readonly key: JobKey };

/** A database, topics and tables, and the jobs published so far. */
type Running = { readonly setup: DaemonSetup; readonly jobs: Published[] };

async function newGround(context: TestContext): Promise<Running> {
  const database = await createTestDatabase('MariaDB');
  context.after(() => database.drop());
  return { setup: await daemonSetup(context, database.settings), jobs: [] };
}

/** Publishes the job of a new organization. */
async function oneMoreJob({ setup, jobs }: Running): Promise<Published> {
  const copy = await setup.newCopy(ROWS);
  const job = { copy, key: { organizationId: copy.organizationId, jobId: uniqueName('job') } };
  jobs.push(job);
  await setup.publish(job.key);
  return job;
}

/** Publishes jobs until the replica is in the middle of one, however fast it is and whoever else takes them. */
async function inTheMiddleOfAJob(running: Running, replica: Daemon): Promise<void> {
  const { jobs } = running.setup.state;
  for (;;) {
    const { key } = await oneMoreJob(running);
    const taken = await running.setup.jobWhen(key, 'an owner', ({ leaseOwner }) => leaseOwner !== undefined);
    if (!taken.leaseOwner?.startsWith(`${hostname()}-${replica.pid}-`)) continue;
    const isUnderWay = await eventually(
      async () => {
        if (isTerminal((await jobs.find(key))!.status)) return 'over';
        return (await running.setup.state.batches.progress(key, 1)).batches >= SOME_BATCHES && 'under way';
      },
      { describe: `${SOME_BATCHES} batches of ${key.jobId}, or its end`, timeoutMs: PATIENCE_MS },
    );
    if (isUnderWay === 'under way') return;
  }
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
  const running = await newGround(context);
  const takenAwayInMidJob = async (replica: Daemon): Promise<void> => {
    await inTheMiddleOfAJob(running, replica);
    await takenAway(replica);
  };
  // maxSurge 1, maxUnavailable 0: the new one is ready before the old one is asked to stop.
  const [old, updated] = await Promise.all([newReplica(running), newReplica(running)]);
  await takenAwayInMidJob(old);
  const added = await Promise.all([newReplica(running), newReplica(running), newReplica(running)]);
  // From four back to one; those that have worked longest go first, as a scale-down may choose.
  const [survivor, ...more] = added;
  for (const replica of [updated, ...more]) await takenAwayInMidJob(replica);

  const interruptions = await everythingArrivedOnce(running);
  assert.ok(interruptions >= 1, 'a job was in its middle when its replica went');
  await takenAway(survivor);
});
