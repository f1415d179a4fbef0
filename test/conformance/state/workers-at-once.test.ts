// Several workers at once on one database, all working through the same jobs: every window is copied once, end to end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TransientError } from '../../../src/job/errors.ts';
import { isTerminal } from '../../../src/job/job-status.ts';
import { jobName, lineageOf, type JobKey, type Lease } from '../../../src/job/job.ts';
import type { JobRecord } from '../../../src/state/job-store.ts';
import type { State } from '../../../src/state/open-state.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { onEveryDatabase } from './databases.ts';
import { anOrganization, aPlan, aQueuedJob, COUNTS, jobOf, LONG_MS } from './fixtures.ts';

const WORKERS = 6;
const ORGANIZATIONS = 3;
const JOBS_EACH = 6;
const WINDOW = 10n;

onEveryDatabase((database) => {
  test(`${WORKERS} workers carry out ${ORGANIZATIONS * JOBS_EACH} jobs, interrupting and retrying as they go`, async () => {
    const { state, openAnother } = database();
    const keys: JobKey[] = [];
    for (let each = 0; each < ORGANIZATIONS; each += 1) {
      const organization = await anOrganization(state);
      for (let at = 0; at < JOBS_EACH; at += 1) keys.push(await aQueuedJob(state, organization));
    }
    const states = [state, await openAnother(), await openAnother()];
    await Promise.all(
      Array.from({ length: WORKERS }, (_, at) => work(states[at % states.length]!, keys, `worker-${at}`, at)),
    );
    for (const organizationId of new Set(keys.map((key) => key.organizationId))) {
      const jobs = await state.jobs.list({ organizationId });
      assert.deepEqual(windowsOf(jobs), expectedWindows());
      const organization = await state.organizations.find(organizationId);
      assert.equal(organization?.watermark, WINDOW * BigInt(JOBS_EACH));
      assert.equal(organization.activeJob, undefined);
    }
  });
});

/** Works on random jobs until all have ended. */
async function work(state: State, keys: readonly JobKey[], owner: string, seed: number): Promise<void> {
  const random = new SeededRandom(seed + 1);
  for (;;) {
    const jobs = await Promise.all(keys.map((key) => jobOf(state, key)));
    const open = jobs.filter((job) => !isTerminal(job.status));
    if (open.length === 0) return;
    const outcome = await state.jobs.claim(random.pick(open), owner, LONG_MS);
    if (outcome.kind === 'claimed') await run(state, outcome.lease, outcome.job, random);
  }
}

async function run(state: State, lease: Lease, job: JobRecord, random: SeededRandom): Promise<void> {
  const { kept } = await state.jobs.heartbeat(lease.owner, [lease], [lease], LONG_MS);
  assert.deepEqual(kept, [lease], `${jobName(lease)} was taken from ${lease.owner}`);
  let planNumber = job.planNumber;
  if (job.status === 'COMMITTING') return finish(state, lease);
  if (!job.plan) await plan(state, lease);
  await state.steps.start(lease, planNumber, 'load');
  if (random.chance(0.2)) {
    assert.deepEqual(await state.jobs.interrupt(lease), { kind: 'released' });
    return;
  }
  if (random.chance(0.2)) {
    await state.jobs.retryLater(lease, 'rate_limited', 'slow down', 0);
    return;
  }
  let decided = await decide(state, lease, planNumber);
  if (decided.kind === 'watermark_moved') {
    planNumber = await state.jobs.planAnew(lease);
    await plan(state, lease);
    decided = await decide(state, lease, planNumber);
  }
  assert.equal(decided.kind, 'decided');
  if (random.chance(0.3)) {
    assert.deepEqual(await state.jobs.interrupt(lease), { kind: 'released' });
    return;
  }
  await finish(state, lease);
}

async function plan(state: State, lease: Lease): Promise<void> {
  const lo = (await state.organizations.find(lease.organizationId))?.watermark;
  await state.jobs.storePlan(lease, aPlan({ lo, hi: (lo ?? 0n) + WINDOW }));
}

function decide(state: State, lease: Lease, planNumber: number) {
  const set = {
    kind: 'streams',
    lineage: lineageOf(lease, planNumber),
    streams: [{ name: 's', rows: 1 }],
  } as const;
  return state.jobs.decide(lease, planNumber, set);
}

/** Two workers may hold the recorded set: the one that decided and the one that took over. */
async function finish(state: State, lease: Lease): Promise<void> {
  const { commitSet } = await jobOf(state, lease);
  assert.ok(commitSet);
  const outcome = await state.jobs.finish(lease, commitSet, COUNTS).catch((error: unknown) => {
    throw error instanceof TransientError
      ? new Error(`unexpected: ${error.message}`, { cause: error })
      : error;
  });
  assert.equal(outcome.kind, 'finished');
}

function windowsOf(jobs: readonly JobRecord[]) {
  const windows = jobs.map((job) => {
    assert.equal(job.status, 'SUCCESS');
    return job.plan!.window;
  });
  return windows.sort((a, b) => Number(a.hi - b.hi));
}

function expectedWindows() {
  return Array.from({ length: JOBS_EACH }, (_, at) => ({
    lo: at === 0 ? undefined : BigInt(at) * WINDOW,
    hi: BigInt(at + 1) * WINDOW,
  }));
}
