// Organizations and jobs in each state a job can be in, reached the way a worker reaches it.
import assert from 'node:assert/strict';
import type { CommitSet } from '../../../src/job/commit-set.ts';
import type { Micros } from '../../../src/job/instant.ts';
import { lineageOf, type JobKey, type JobRequest, type Lease } from '../../../src/job/job.ts';
import type { Plan } from '../../../src/job/plan.ts';
import type { OrganizationChange } from '../../../src/state/organization-store.ts';
import type { ClaimOutcome, JobRecord } from '../../../src/state/job-store.ts';
import type { State } from '../../../src/state/open-state.ts';
import { eventually, uniqueName } from '../../support/eventually.ts';

/** Longer than any test runs. */
export const LONG_MS = 600_000;
export const HI = 1_764_000_000_123_456n;
export const COUNTS = { rowsRead: 3, rowsWritten: 2, bytesWritten: 40 };

/** The name of a new organization with a destination of its own. */
export async function anOrganization(
  state: State,
  change: Partial<OrganizationChange> = {},
): Promise<string> {
  const organizationId = change.organizationId ?? uniqueName('org');
  const outcome = await state.organizations.set({
    source: { project: 'source-project', dataset: 'billing', table: 'export' },
    destination: { project: 'destination-project', dataset: 'billing', table: organizationId },
    ...change,
    organizationId,
  });
  assert.equal(outcome.kind, 'created');
  return organizationId;
}

/** A job that waits to be claimed. */
export async function aQueuedJob(
  state: State,
  organizationId: string,
  request: Partial<JobRequest> = {},
): Promise<JobKey> {
  const { organizationId: _, jobId = uniqueName('job'), ...rest } = request;
  const key = { organizationId, jobId };
  await state.jobs.admit(
    { jobType: 'incremental', window: undefined, requestedBy: undefined, ...rest, ...key },
    undefined,
  );
  return key;
}

/** The lease of a claim that must succeed. */
export function claimed(outcome: ClaimOutcome): Extract<ClaimOutcome, { kind: 'claimed' }> {
  assert.equal(outcome.kind, 'claimed');
  return outcome;
}

/** A claim by a worker of this name, for long. */
export async function claimAs(state: State, key: JobKey, owner = 'worker-1'): Promise<Lease> {
  return claimed(await state.jobs.claim(key, owner, LONG_MS)).lease;
}

/** A job of a new organization that a worker runs, without a plan yet. */
export async function aRunningJob(state: State, request: Partial<JobRequest> = {}): Promise<Lease> {
  const key = await aQueuedJob(state, await anOrganization(state), request);
  return claimAs(state, key);
}

/** A running job with its plan stored. */
export async function aPlannedJob(state: State, request: Partial<JobRequest> = {}): Promise<Lease> {
  const lease = await aRunningJob(state, request);
  await state.jobs.storePlan(lease, aPlan());
  return lease;
}

/** A job in COMMITTING, whose set is aSet(lease). */
export async function aDecidedJob(state: State, request: Partial<JobRequest> = {}): Promise<Lease> {
  const lease = await aPlannedJob(state, request);
  assert.equal((await state.jobs.decide(lease, 1, aSet(lease))).kind, 'decided');
  return lease;
}

/** A plan for a window up to hi. */
export function aPlan(window: { lo?: Micros | undefined; hi?: Micros } = {}): Plan {
  const table = { project: 'some-project', dataset: 'billing', table: 'export' };
  return {
    window: { lo: window.lo, hi: window.hi ?? HI },
    snapshot: HI,
    writePath: 'storage',
    writePathReason: 'two locations',
    source: table,
    sourceLocation: 'EU',
    destination: table,
    destinationLocation: 'US',
    transform: 'none',
    cursorField: 'export_time',
    verifyLevel: 'totals',
    verifyColumns: ['cost'],
    currencyColumn: 'currency',
    sourceSchema: [{ name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' }],
    batchRows: 1000,
    stagingDataset: 'staging',
    writerFingerprint: 'writer',
    estimatedRows: 3,
    estimatedBytes: 40,
  };
}

/** What the first plan of a job would commit. */
export function aSet(key: JobKey, stream = 'first'): CommitSet {
  const name = `projects/p/datasets/d/tables/t/streams/${stream}`;
  return { kind: 'streams', lineage: lineageOf(key, 1), streams: [{ name, rows: 2 }] };
}

/** The job as it is now. */
export async function jobOf(state: State, key: JobKey): Promise<JobRecord> {
  const job = await state.jobs.find(key);
  assert.ok(job);
  return job;
}

/** Which job keeps the organization locked. */
export async function activeJobOf(state: State, { organizationId }: JobKey): Promise<string | undefined> {
  return (await state.organizations.find(organizationId))?.activeJob;
}

/** A lease of a worker that runs nothing else, which runs out at once and has by the database's clock when this resolves. */
export async function aLeaseThatRanOut(state: State, key: JobKey, owner = 'worker-1'): Promise<Lease> {
  const { lease, job } = claimed(await state.jobs.claim(key, owner, 1, { alone: true }));
  await eventually(async () => (await state.now()) > job.leaseExpiresAt!, {
    describe: 'the lease to run out',
  });
  return lease;
}
