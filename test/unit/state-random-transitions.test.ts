// Random work by several workers, zombies included, on a database with a virtual clock: whatever happens, the rules hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitSet } from '../../src/job/commit-set.ts';
import { isTerminal, STATUS_GRAPH } from '../../src/job/job-status.ts';
import { jobName, lineageOf, type JobKey, type JobStatus, type Lease } from '../../src/job/job.ts';
import type { Organization } from '../../src/job/organization.ts';
import type { JobRecord } from '../../src/state/job-store.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { aPlan, COUNTS } from '../conformance/state/fixtures.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const SEEDS = 10;
const STEPS = 500;
const ORGANIZATIONS = ['a', 'b'];
const JOBS = Array.from({ length: 14 }, (_, at) => String(at));
/** Of the jobs, how many are in play at a time. */
const IN_PLAY = 4;
const WORKERS = ['w1', 'w2', 'w3'];
const LEASE_MS = 1000;

/** Often what leads on, rarely what ends everything. */
const WEIGHTS: Readonly<Record<string, number>> = {
  admit: 6,
  claim: 12,
  plan: 10,
  decide: 10,
  finish: 4,
  replan: 3,
  needOperator: 1,
  requestCancel: 1,
  failUnclaimed: 1,
  fail: 1,
  cancelled: 1,
  finishEmpty: 1,
  planAnew: 1,
};

type World = {
  state: State;
  random: SeededRandom;
  leases: Lease[];
  sets: CommitSet[];
  log: string[];
  first: number;
};
type Snapshot = { jobs: Map<string, JobRecord>; organizations: Map<string, Organization> };

const seen = new Map<string, number>();

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`seed ${seed}: no transition outside the graph, one active job, epochs and watermarks that only rise`, async () => {
    const random = new SeededRandom(seed);
    let now = 1_000_000_000n;
    const state = await openState({ kind: 'sqlite', path: ':memory:', clock: () => now });
    await state.migrate();
    for (const organizationId of ORGANIZATIONS) await configure(state, organizationId);
    const world: World = { state, random, leases: [], sets: [], log: [], first: 0 };
    let before = await snapshot(state);
    for (let step = 0; step < STEPS; step += 1) {
      now += BigInt(random.below(random.chance(0.03) ? 3_000_000 : 20_000));
      world.first = Math.floor((step / STEPS) * (JOBS.length - IN_PLAY));
      const action = await act(world);
      const after = await snapshot(state);
      try {
        check(before, after, action, now);
      } catch (error) {
        throw new Error(`SEED=${seed}, step ${step}: ${world.log.slice(-15).join(' | ')}`, { cause: error });
      }
      count(before, after);
      before = after;
    }
    await state.close();
  });
}

test('the runs above went through every transition of the graph', () => {
  for (const [from, successors] of Object.entries(STATUS_GRAPH))
    for (const to of successors) {
      const times = seen.get(`${from} → ${to}`) ?? 0;
      assert.ok(times >= 3, `${from} → ${to} was seen ${times} times`);
    }
});

function count(before: Snapshot, after: Snapshot): void {
  for (const [name, { status }] of after.jobs) {
    const edge = `${before.jobs.get(name)?.status ?? 'nothing'} → ${status}`;
    seen.set(edge, (seen.get(edge) ?? 0) + 1);
  }
}

/** Does one random thing and returns its name. Leases and sets are picked from all there ever were: most are stale. */
async function act(world: World): Promise<string> {
  const { state, random, leases } = world;
  const key: JobKey = {
    organizationId: random.pick(ORGANIZATIONS),
    jobId: random.pick(JOBS.slice(world.first, world.first + IN_PLAY)),
  };
  const lease = random.chance(0.8) ? leases.at(-1 - random.below(2)) : random.pick(leases);
  const actions: Record<string, () => Promise<unknown>> = {
    admit: () =>
      state.jobs.admit({ ...key, jobType: 'incremental', window: undefined, requestedBy: undefined }, 'm'),
    claim: async () => {
      const outcome = await state.jobs.claim(key, random.pick(WORKERS), LEASE_MS);
      if (outcome.kind === 'claimed') leases.push(outcome.lease);
      return outcome;
    },
    requestCancel: () => state.jobs.requestCancel(key),
    retry: () => state.jobs.retry(key),
    resolveCommitted: () => state.jobs.resolveCommitted(key),
    resolveNotCommitted: () => state.jobs.resolveNotCommitted(key),
    pause: () => state.organizations[random.chance(0.1) ? 'pause' : 'resume'](key.organizationId),
    claimSilent: () => state.jobs.claimSilent(LEASE_MS, 10),
    failUnclaimed: () => state.jobs.failUnclaimed(key, 'unknown_organization', 'no'),
    ...(lease ? runActions(world, lease) : {}),
  };
  const name = random.pick(
    Object.keys(actions).flatMap((each) => Array<string>(WEIGHTS[each] ?? 2).fill(each)),
  );
  const outcome = await actions[name]!().catch((error: unknown) => {
    assert.ok(
      error instanceof Error && /no longer held|already has another plan/.test(error.message),
      String(error),
    );
    return { kind: error.name };
  });
  const kind = (outcome as { kind?: string } | undefined)?.kind ?? 'ok';
  world.log.push(`${name} ${lease ? `${jobName(lease)}@${lease.epoch}` : ''} ${jobName(key)} = ${kind}`);
  return name;
}

function runActions({ state, random, sets }: World, lease: Lease): Record<string, () => Promise<unknown>> {
  // Mostly the set that is recorded, else one that may never have been.
  const someSet = async () =>
    random.chance(0.7) ? (await state.jobs.find(lease))?.commitSet : random.pick(sets);
  return {
    plan: async () => {
      const watermark = (await state.organizations.find(lease.organizationId))?.watermark;
      await state.jobs.storePlan(lease, aPlan({ lo: watermark, hi: (watermark ?? 0n) + 10n }));
    },
    planAnew: () => state.jobs.planAnew(lease),
    decide: async () => {
      const planNumber = (await state.jobs.find(lease))!.planNumber;
      const name = `stream-${random.below(1000)}`;
      const fresh: CommitSet = {
        kind: 'streams',
        lineage: lineageOf(lease, planNumber),
        streams: [{ name, rows: 1 }],
      };
      sets.push(fresh);
      return state.jobs.decide(lease, planNumber, fresh);
    },
    finish: async () => {
      const set = await someSet();
      return set && state.jobs.finish(lease, set, COUNTS);
    },
    finishEmpty: async () =>
      state.jobs.finishEmpty(lease, (await state.jobs.find(lease))!.planNumber, COUNTS),
    heartbeat: () => state.jobs.heartbeat(lease.owner, [lease], [lease], LEASE_MS),
    retryLater: () => state.jobs.retryLater(lease, 'rate_limited', 'slow down', random.below(3000)),
    interrupt: () => state.jobs.interrupt(lease),
    fail: () => state.jobs.fail(lease, 'access_denied', 'no'),
    cancelled: () => state.jobs.cancelled(lease),
    needOperator: () => state.jobs.needOperator(lease, 'unclear'),
    replan: async () => {
      const set = await someSet();
      return set && state.jobs.replanAfterNoEffect(lease, set);
    },
  };
}

function check(before: Snapshot, after: Snapshot, action: string, now: bigint): void {
  for (const [name, job] of after.jobs) {
    const earlier = before.jobs.get(name);
    if (earlier) checkChange(earlier, job, action);
    assert.equal(job.commitSet !== undefined && job.status === 'IN_PROGRESS', false, `${name} has a set`);
    if (job.status === 'COMMITTING') assert.ok(job.commitSet && job.plan, `${name} decided without a set`);
    if (isTerminal(job.status)) assert.equal(job.leaseExpiresAt, undefined, `${name} ended with a lease`);
    if (job.needsOperator) assert.equal(job.status, 'COMMITTING');
  }
  for (const [name, organization] of after.organizations) {
    const jobs = [...after.jobs.values()].filter((job) => job.organizationId === name);
    const active = jobs.filter(({ status }) => status === 'IN_PROGRESS' || status === 'COMMITTING');
    assert.ok(active.length <= 1, `${name} has ${active.length} active jobs`);
    assert.equal(organization.activeJob, active[0]?.jobId, `the lock of ${name}`);
    assert.ok(jobs.filter((job) => (job.leaseExpiresAt ?? 0n) > now).length <= 1, `${name}: two live leases`);
    checkWatermark(before, organization, jobs, action);
  }
}

function checkChange(earlier: JobRecord, job: JobRecord, action: string): void {
  const [from, to]: [JobStatus, JobStatus] = [earlier.status, job.status];
  const name = `${jobName(job)}: ${from} → ${to} by ${action}`;
  assert.ok(from === to || STATUS_GRAPH[from].includes(to), name);
  if (isTerminal(from) && from !== to) assert.equal(action, 'retry', name);
  assert.ok(job.leaseEpoch >= earlier.leaseEpoch, `${name}: the epoch fell`);
  assert.ok(job.planNumber >= earlier.planNumber, `${name}: the plan number fell`);
  const sameDecision = from === 'COMMITTING' && to === 'COMMITTING';
  if (sameDecision) assert.deepEqual(job.commitSet, earlier.commitSet, `${name}: another set`);
  if (earlier.planNumber === job.planNumber && earlier.plan && job.status !== 'QUEUED')
    assert.deepEqual(job.plan, earlier.plan, `${name}: another plan under one number`);
}

function checkWatermark(before: Snapshot, after: Organization, jobs: JobRecord[], action: string): void {
  const earlier = before.organizations.get(after.organizationId)?.watermark;
  if (after.watermark === earlier) return;
  assert.ok((after.watermark ?? 0n) > (earlier ?? 0n), 'the watermark fell');
  assert.ok(action === 'finish' || action === 'resolveCommitted', `the watermark moved by ${action}`);
  // In the same step the job that moved it came to SUCCESS.
  const finished = jobs.filter(
    (job) => job.status === 'SUCCESS' && before.jobs.get(jobName(job))?.status === 'COMMITTING',
  );
  assert.deepEqual(
    finished.map((job) => job.plan?.window),
    [{ lo: earlier, hi: after.watermark }],
  );
}

async function snapshot(state: State): Promise<Snapshot> {
  const [jobs, organizations] = [await state.jobs.list({ limit: 1000 }), await state.organizations.list()];
  return {
    jobs: new Map(jobs.map((job) => [jobName(job), job])),
    organizations: new Map(organizations.map((each) => [each.organizationId, each])),
  };
}

async function configure(state: State, organizationId: string): Promise<void> {
  const outcome = await state.organizations.set({
    organizationId,
    source: { project: 'source-project', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-project', dataset: 'billing', table: organizationId },
  });
  assert.equal(outcome.kind, 'created');
}
