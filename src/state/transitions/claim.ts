/** QUEUED → IN_PROGRESS, or taking over what somebody else left: gives one worker the right to run a job. */
import type { Micros } from '../../job/instant.ts';
import { isTerminal } from '../../job/job-status.ts';
import type { JobKey, JobStatus, Lease } from '../../job/job.ts';
import type { Organization } from '../../job/organization.ts';
import type { Database, Session } from '../database.ts';
import { JobRow } from '../entities/job-row.ts';
import { OrganizationRow } from '../entities/organization-row.ts';
import { findJob } from '../job-queries.ts';
import { jobRecord, type JobRecord } from '../job-record.ts';
import { organizationRecord } from '../organization-record.ts';
import { findColumns, updateRow } from '../row-statements.ts';
import { crashObstacle, type CrashObstacle } from './crash-loop.ts';
import { crashesAtTakeover, leaseRanOut, type Crashes } from './crashes.ts';
import { changeJob, hasLiveLease, later, lockJobAndOrganization, type LockedJob } from './locked-job.ts';

/** The lease, or why there is none. */
export type ClaimOutcome =
  | {
      readonly kind: 'claimed';
      readonly lease: Lease;
      readonly job: JobRecord;
      readonly organization: Organization;
      /** An earlier run had begun this try: in IN_PROGRESS or COMMITTING. */
      readonly resumed: boolean;
    }
  | { readonly kind: 'finished'; readonly status: JobStatus }
  | {
      readonly kind: 'busy';
      readonly owner: string;
      readonly leaseExpiresAt: Micros;
      /** The owner asking is the owner that holds it. */
      readonly mine: boolean;
    }
  | { readonly kind: 'not_due'; readonly nextAttemptAt: Micros }
  /** Another job of the organization is active, or came first and is due. */
  | { readonly kind: 'behind'; readonly activeJob: string | undefined }
  | CrashObstacle
  | { readonly kind: 'paused' }
  | { readonly kind: 'needs_operator' }
  | { readonly kind: 'unknown_organization' }
  | { readonly kind: 'unknown_job' };

/** What the claimant can offer. */
export type ClaimOptions = {
  /** No other job runs in the process as long as this one does. */
  readonly alone?: boolean;
};

/** Claims the job under a new epoch for leaseMs by the database's clock, or says why it cannot be claimed now. */
export function claim(
  database: Database,
  key: JobKey,
  owner: string,
  leaseMs: number,
  { alone = false }: ClaimOptions = {},
): Promise<ClaimOutcome> {
  return database.transaction(async (session) => {
    const locked = await lockJobAndOrganization(session, key);
    if (!locked) return { kind: 'unknown_job' };
    const obstacle = jobObstacle(locked, owner);
    if (obstacle) return obstacle;
    const { organization } = locked;
    if (!organization) return { kind: 'unknown_organization' };
    const queue = await queueObstacle(locked, organization);
    if (queue) return queue;
    const crashes = await crashesAtTakeover(locked, owner);
    const loop = await crashObstacle(locked, crashes, { alone, leaseMs });
    return loop ?? take(locked, organization, owner, leaseMs, crashes);
  });
}

/** What of the job itself stands in the way. */
function jobObstacle({ job, organization, now }: LockedJob, owner: string): ClaimOutcome | undefined {
  if (isTerminal(job.status)) return { kind: 'finished', status: job.status };
  if (job.leaseExpiresAt !== null && hasLiveLease(job, now)) {
    const holder = job.leaseOwner ?? 'unknown';
    return { kind: 'busy', owner: holder, leaseExpiresAt: job.leaseExpiresAt, mine: holder === owner };
  }
  if (job.needsOperator) return { kind: 'needs_operator' };
  // What is decided is rolled forward whatever people want by now.
  if (organization?.paused && job.status !== 'COMMITTING') return { kind: 'paused' };
  const isOwn = job.leaseOwner === owner;
  if (!isOwn && job.nextAttemptAt !== null && job.nextAttemptAt > now)
    return { kind: 'not_due', nextAttemptAt: job.nextAttemptAt };
  return undefined;
}

/** Which other job of the organization stands in the way. */
async function queueObstacle(
  { session, job, now }: LockedJob,
  organization: OrganizationRow,
): Promise<ClaimOutcome | undefined> {
  const { activeJob } = organization;
  if (activeJob === job.jobId || job.status === 'COMMITTING') return undefined;
  if (activeJob !== null) {
    const active = await findJob(session, { organizationId: job.organizationId, jobId: activeJob });
    // A job that ended, is gone or waits for its next attempt has no use for the lock it left behind.
    if (active?.status === 'IN_PROGRESS' || active?.status === 'COMMITTING')
      return { kind: 'behind', activeJob };
  }
  if (job.status !== 'QUEUED') return undefined;
  return (await earlierJobIsDue(session, job, now)) ? { kind: 'behind', activeJob: undefined } : undefined;
}

async function earlierJobIsDue(session: Session, job: JobRow, now: Micros): Promise<boolean> {
  const isDue = `({nextAttemptAt} IS NULL OR {nextAttemptAt} <= ?)`;
  const isEarlier = `{organizationId} = ? AND {status} = 'QUEUED' AND {id} < ?`;
  const earlier = await findColumns(session, JobRow, ['id'], `WHERE ${isEarlier} AND ${isDue} LIMIT 1`, [
    job.organizationId,
    job.id,
    now,
  ]);
  return earlier.length > 0;
}

async function take(
  locked: LockedJob,
  organization: OrganizationRow,
  owner: string,
  leaseMs: number,
  crashes: Crashes,
): Promise<ClaimOutcome> {
  const { session, job, now } = locked;
  const resumed = job.status !== 'QUEUED';
  const changes = {
    status: resumed ? job.status : ('IN_PROGRESS' as const),
    leaseOwner: owner,
    leaseEpoch: job.leaseEpoch + 1,
    leaseExpiresAt: later(now, leaseMs),
    interruptions: job.interruptions + (leaseRanOut(locked) ? 1 : 0),
    ...crashes,
    nextAttemptAt: null,
    startedAt: job.startedAt ?? now,
  };
  await changeJob(locked, changes);
  const lock = { activeJob: job.jobId, updatedAt: now };
  await updateRow(session, OrganizationRow, organization.id, lock);
  return {
    kind: 'claimed',
    lease: { organizationId: job.organizationId, jobId: job.jobId, owner, epoch: changes.leaseEpoch },
    job: jobRecord({ ...job, ...changes, updatedAt: now }),
    organization: organizationRecord({ ...organization, ...lock }),
    resumed,
  };
}
