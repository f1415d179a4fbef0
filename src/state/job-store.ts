/** Everything that can be asked of the jobs and done to them; each transition is in its own file. */
import type { CommitSet, QuarantineSet } from '../job/commit-set.ts';
import type { Micros } from '../job/instant.ts';
import type { JobKey, JobRequest, JobStatus, Lease } from '../job/job.ts';
import type { Plan } from '../job/plan.ts';
import type { Reason } from '../job/reason.ts';
import type { Database } from './database.ts';
import { jobBacklog, type Backlog } from './job-backlog.ts';
import { jobFigures, type DayFigures } from './job-figures.ts';
import { countJobsByStatus, findJob, listJobs, newestJobs, type JobFilter } from './job-queries.ts';
import { jobRecord, type JobRecord } from './job-record.ts';
import { runEnd, type RunEnd } from './run-end.ts';
import { admit } from './transitions/admit.ts';
import { cancelled, type CancelledOutcome } from './transitions/cancelled.ts';
import { claimAbandoned, type AbandonedJobs } from './transitions/claim-abandoned.ts';
import { anySilent, claimSilent } from './transitions/claim-silent.ts';
import { claim, type ClaimOptions, type ClaimOutcome } from './transitions/claim.ts';
import { decide, type DecideOutcome } from './transitions/decide.ts';
import { fail, failUnclaimed, type FailOutcome } from './transitions/fail.ts';
import { finishEmpty, type FinishEmptyOptions, type FinishEmptyOutcome } from './transitions/finish-empty.ts';
import { finish, type FinishOutcome, type RowCounts } from './transitions/finish.ts';
import { heartbeat, type HeartbeatOutcome } from './transitions/heartbeat.ts';
import { interrupt, type InterruptOutcome } from './transitions/interrupt.ts';
import { needOperator } from './transitions/need-operator.ts';
import { planAnew } from './transitions/plan-anew.ts';
import { replanAfterNoEffect, type ReplanOutcome } from './transitions/replan-after-no-effect.ts';
import { replaceQuarantine, type ReplaceQuarantineOutcome } from './transitions/replace-quarantine.ts';
import { requestCancel, type RequestCancelOutcome } from './transitions/request-cancel.ts';
import { resolveCommitted, resolveNotCommitted, type ResolveOutcome } from './transitions/resolve.ts';
import { retryLater, type RetryLaterOutcome } from './transitions/retry-later.ts';
import { retry, type RetryOutcome } from './transitions/retry.ts';
import { storePlan } from './transitions/store-plan.ts';
import type { WorkerKind } from './worker-slot.ts';

export type { DayFigures } from './job-figures.ts';
export type { JobFilter } from './job-queries.ts';
export type { JobRecord } from './job-record.ts';
export type { RunEnd } from './run-end.ts';
export type { CancelledOutcome } from './transitions/cancelled.ts';
export type { ClaimOutcome } from './transitions/claim.ts';
export type { DecideOutcome } from './transitions/decide.ts';
export type { FailOutcome } from './transitions/fail.ts';
export type { FinishEmptyOutcome } from './transitions/finish-empty.ts';
export type { FinishOutcome, RowCounts } from './transitions/finish.ts';
export type { HeartbeatOutcome } from './transitions/heartbeat.ts';
export type { InterruptOutcome } from './transitions/interrupt.ts';
export type { ReplanOutcome } from './transitions/replan-after-no-effect.ts';
export type { ReplaceQuarantineOutcome } from './transitions/replace-quarantine.ts';
export type { RequestCancelOutcome } from './transitions/request-cancel.ts';
export type { ResolveOutcome } from './transitions/resolve.ts';
export type { RetryLaterOutcome } from './transitions/retry-later.ts';
export type { RetryOutcome } from './transitions/retry.ts';

/** Every method is one transaction, or changes nothing. All may reject with TransientError `database_unavailable`. */
export type JobStore = {
  /** Inserts the job as QUEUED unless its key is known, renews doorbell and message id, and returns the row as it is then: the first request wins. */
  admit(request: JobRequest, messageId: string | undefined): Promise<JobRecord>;
  find(key: JobKey): Promise<JobRecord | undefined>;
  /** What came of a job's run, and which job of its organization may run now. */
  runEnd(key: JobKey): Promise<RunEnd | undefined>;
  /** The newest first. */
  list(filter?: JobFilter): Promise<JobRecord[]>;
  /** The newest job of every organization that has any. */
  newest(): Promise<JobRecord[]>;
  /** What ended at `since` or later adds up to, by day; of all organizations, or of one. */
  figures(since: Micros, organizationId?: string): Promise<DayFigures[]>;
  /** What waits and could run now. */
  backlog(): Promise<Backlog>;
  countByStatus(): Promise<{ organizationId: string; status: JobStatus; count: number }[]>;
  claim(key: JobKey, owner: string, leaseMs: number, options?: ClaimOptions): Promise<ClaimOutcome>;
  /** Renews leases that are still mine, the doorbell of every held key, and the worker's own. */
  heartbeat(
    owner: string,
    leases: readonly Lease[],
    held: readonly JobKey[],
    leaseMs: number,
    kind?: WorkerKind,
  ): Promise<HeartbeatOutcome>;
  /** Stores the plan of the current plan number, once. Rejects with LeaseLostError. */
  storePlan(lease: Lease, plan: Plan): Promise<void>;
  /** Begins the next plan number and returns it. Rejects with LeaseLostError. */
  planAnew(lease: Lease): Promise<number>;
  decide(lease: Lease, planNumber: number, set: CommitSet): Promise<DecideOutcome>;
  finish(key: JobKey, set: CommitSet, counts: RowCounts): Promise<FinishOutcome>;
  finishEmpty(
    lease: Lease,
    planNumber: number,
    counts: RowCounts,
    options?: FinishEmptyOptions,
  ): Promise<FinishEmptyOutcome>;
  fail(lease: Lease, reason: Reason, message: string): Promise<FailOutcome>;
  failUnclaimed(key: JobKey, reason: Reason, message: string): Promise<FailOutcome>;
  cancelled(lease: Lease): Promise<CancelledOutcome>;
  retryLater(lease: Lease, reason: Reason, message: string, delayMs: number): Promise<RetryLaterOutcome>;
  interrupt(lease: Lease): Promise<InterruptOutcome>;
  replanAfterNoEffect(lease: Lease, set: CommitSet): Promise<ReplanOutcome>;
  replaceQuarantine(
    lease: Lease,
    set: CommitSet,
    quarantine: QuarantineSet,
  ): Promise<ReplaceQuarantineOutcome>;
  /** Rejects with LeaseLostError. */
  needOperator(lease: Lease, message: string): Promise<void>;
  resolveCommitted(key: JobKey, counts?: RowCounts): Promise<ResolveOutcome>;
  resolveNotCommitted(key: JobKey): Promise<ResolveOutcome>;
  requestCancel(key: JobKey): Promise<RequestCancelOutcome>;
  retry(key: JobKey): Promise<RetryOutcome>;
  claimSilent(olderThanMs: number, limit: number): Promise<JobRecord[]>;
  claimAbandoned(withinMs: number, limit: number): Promise<AbandonedJobs>;
  /** Whether claimSilent() would find any. */
  anySilent(olderThanMs: number): Promise<boolean>;
};

/** The job store of a database. */
export function createJobStore(database: Database): JobStore {
  return {
    admit: (...given) => admit(database, ...given),
    find: (key) =>
      database.read(async (session) => {
        const row = await findJob(session, key);
        return row && jobRecord(row);
      }),
    runEnd: (key) => database.read((session) => runEnd(session, key)),
    list: (filter = {}) => database.read(async (session) => (await listJobs(session, filter)).map(jobRecord)),
    newest: () => database.read(async (session) => (await newestJobs(session)).map(jobRecord)),
    figures: (...given) => database.read((session) => jobFigures(session, ...given)),
    backlog: () => database.read(jobBacklog),
    countByStatus: () => database.read(countJobsByStatus),
    claim: (...given) => claim(database, ...given),
    heartbeat: (...given) => heartbeat(database, ...given),
    storePlan: (...given) => storePlan(database, ...given),
    planAnew: (...given) => planAnew(database, ...given),
    decide: (...given) => decide(database, ...given),
    finish: (...given) => finish(database, ...given),
    finishEmpty: (...given) => finishEmpty(database, ...given),
    fail: (...given) => fail(database, ...given),
    failUnclaimed: (...given) => failUnclaimed(database, ...given),
    cancelled: (...given) => cancelled(database, ...given),
    retryLater: (...given) => retryLater(database, ...given),
    interrupt: (...given) => interrupt(database, ...given),
    replanAfterNoEffect: (...given) => replanAfterNoEffect(database, ...given),
    replaceQuarantine: (...given) => replaceQuarantine(database, ...given),
    needOperator: (...given) => needOperator(database, ...given),
    resolveCommitted: (...given) => resolveCommitted(database, ...given),
    resolveNotCommitted: (...given) => resolveNotCommitted(database, ...given),
    requestCancel: (...given) => requestCancel(database, ...given),
    retry: (...given) => retry(database, ...given),
    claimSilent: (...given) => claimSilent(database, ...given),
    anySilent: (...given) => anySilent(database, ...given),
    claimAbandoned: (...given) => claimAbandoned(database, ...given),
  };
}
