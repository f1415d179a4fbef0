/** IN_PROGRESS and COMMITTING stay what they are: renews the leases of one worker and the doorbell of every message it holds. */
import { isTerminal } from '../../job/job-status.ts';
import { jobName, type JobKey, type Lease } from '../../job/job.ts';
import { DatabaseClock, NOW } from '../column-values.ts';
import type { Database, Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { findColumns, updateRows } from '../row-statements.ts';
import { hasSaidGoodbye, renewWorker, type WorkerKind } from '../worker-slot.ts';
import { holdsLease } from './locked-job.ts';

/** What became of each lease, and what the worker has to know about those it kept. */
export type HeartbeatOutcome = {
  readonly kept: Lease[];
  readonly lost: Lease[];
  readonly cancelRequested: JobKey[];
  /** Kept leases whose organization is paused. */
  readonly paused: JobKey[];
};

const KEYS_PER_STATEMENT = 100;

/** What a heartbeat has to know of a job; its plan and its commit set may be long. */
const BEATING = [
  'id',
  'organizationId',
  'jobId',
  'status',
  'leaseOwner',
  'leaseEpoch',
  'cancelRequested',
] as const;
type BeatingJob = Pick<JobRow, (typeof BEATING)[number]>;

/** Renews to leaseMs from now, by the database's clock, the leases whose owner and epoch are still the job's. */
export function heartbeat(
  database: Database,
  owner: string,
  leases: readonly Lease[],
  held: readonly JobKey[],
  leaseMs: number,
  kind: WorkerKind = 'worker',
): Promise<HeartbeatOutcome> {
  return database.transaction(async (session) => {
    // Before its leases, so that none of them can run out before the worker was last seen.
    // A beat that was under way when the worker said goodbye must not make it look alive again, and then dead.
    if (!(await hasSaidGoodbye(session, owner))) await renewWorker(session, owner, kind, leaseMs);
    const jobs = await lockJobs(session, leases);
    const renewed = leases.flatMap((lease) => {
      const job = jobs.get(jobName(lease));
      return job && holdsLease(job, lease) && !isTerminal(job.status) ? [{ lease, job }] : [];
    });
    const kept = renewed.map(({ lease }) => lease);
    await renewLeases(session, renewed, leaseMs);
    const rung = new Set(kept.map(jobName));
    await ringDoorbells(
      session,
      held.filter((key) => !rung.has(jobName(key))),
    );
    const paused = await pausedOrganizations(session, kept);
    return {
      kept,
      lost: leases.filter((lease) => !kept.includes(lease)),
      cancelRequested: renewed.filter(({ job }) => job.cancelRequested).map(({ lease }) => keyOf(lease)),
      paused: kept.filter((lease) => paused.has(lease.organizationId)).map(keyOf),
    };
  });
}

async function lockJobs(session: Session, keys: readonly JobKey[]): Promise<Map<string, BeatingJob>> {
  const jobs = new Map<string, BeatingJob>();
  for (const some of chunks(keys)) {
    const tail = `WHERE ${anyOf(some)} ORDER BY {id}${session.dialect.forUpdate}`;
    for (const job of await findColumns(session, JobRow, BEATING, tail, some.flatMap(namesOf)))
      jobs.set(jobName(job), job);
  }
  return jobs;
}

async function renewLeases(session: Session, renewed: readonly { job: BeatingJob }[], leaseMs: number) {
  if (renewed.length === 0) return;
  const changes = { leaseExpiresAt: new DatabaseClock(leaseMs), doorbellSeenAt: NOW, updatedAt: NOW };
  const ids = renewed.map(({ job }) => job.id);
  await updateRows(session, JobRow, changes, `{id} IN (${ids.map(() => '?').join(', ')})`, ids);
}

async function ringDoorbells(session: Session, held: readonly JobKey[]): Promise<void> {
  for (const some of chunks(held))
    await updateRows(session, JobRow, { doorbellSeenAt: NOW }, anyOf(some), some.flatMap(namesOf));
}

async function pausedOrganizations(session: Session, keys: readonly JobKey[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const names = [...new Set(keys.map(({ organizationId }) => organizationId))];
  const isOneOf = `{organizationId} IN (${names.map(() => '?').join(', ')})`;
  const rows = await findColumns(
    session,
    OrganizationRow,
    ['organizationId'],
    `WHERE ${isOneOf} AND {paused} = 1`,
    names,
  );
  return new Set(rows.map(({ organizationId }) => organizationId));
}

/** A condition that any of so many keys meets. */
function anyOf(keys: readonly JobKey[]): string {
  return `(${keys.map(() => '({organizationId} = ? AND {jobId} = ?)').join(' OR ')})`;
}

function namesOf({ organizationId, jobId }: JobKey): string[] {
  return [organizationId, jobId];
}

/** In one order for everybody, so that two workers' heartbeats seldom meet crosswise. */
function* chunks(keys: readonly JobKey[]): Iterable<readonly JobKey[]> {
  const sorted = [...keys].sort((a, b) => (jobName(a) < jobName(b) ? -1 : 1));
  for (let at = 0; at < sorted.length; at += KEYS_PER_STATEMENT)
    yield sorted.slice(at, at + KEYS_PER_STATEMENT);
}

function keyOf({ organizationId, jobId }: JobKey): JobKey {
  return { organizationId, jobId };
}
