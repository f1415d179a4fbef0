/** Records how a run ends that was stopped or met an error: waiting for a retry, failed, cancelled, handed over, or lost. */
import { LeaseLostError, messageOf, TransientError, type JobError } from '../job/errors.ts';
import { MICROS_PER_MS, type Micros } from '../job/instant.ts';
import type { Reason } from '../job/reason.ts';
import { decidedBackoffMs, nextRetry, recheckMs } from '../job/retry-policy.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { Run, StopCause } from './run.ts';

const STALLED =
  'nothing has moved for as long as NO_PROGRESS_TIMEOUT allows: no step, no batch, no answer of source or destination; the run was given up';

/** The end of a run that was stopped or met an error. */
export type Settled =
  /** The job had succeeded: only the reply that said so was lost. */
  | { readonly kind: 'success' }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string }
  | {
      readonly kind: 'waiting';
      readonly reason: Reason;
      readonly message: string;
      readonly nextAttemptAt: Micros;
    }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'lost' }
  /** The database could not be told; the lease runs out and the next owner settles it. */
  | { readonly kind: 'unsettled'; readonly message: string };

/** What settling needs of a run: neither side of the copy. */
export type EndingRun = Omit<Run, 'source' | 'destination'>;

/** Records a stop that was asked for. Only a run that has not moved for long has failed by that; the others are no attempts. */
export async function settleStop(run: EndingRun, stopCause: StopCause): Promise<Settled> {
  if (stopCause === 'stalled') return settleFailure(run, new TransientError('no_progress', STALLED));
  return settled(async () => {
    if (stopCause === 'lease_lost') return { kind: 'lost' };
    const { jobs } = run.state;
    const outcome =
      stopCause === 'cancelled' ? await jobs.cancelled(run.lease) : await jobs.interrupt(run.lease);
    if (outcome.kind === 'lost') return { kind: 'lost' };
    return { kind: stopCause === 'cancelled' ? 'cancelled' : 'interrupted' };
  });
}

/**
 * Records an error by its meaning; after the decision every error only means later, since a decided job is rolled forward.
 * The database is asked how far the job has come, because the error may be that of a reply that was lost.
 */
export async function settleFailure(run: EndingRun, error: JobError): Promise<Settled> {
  return settled(async () => {
    if (error instanceof LeaseLostError) return { kind: 'lost' };
    const job = await run.state.jobs.find(run.lease);
    if (job?.status === 'SUCCESS' && job.leaseEpoch === run.lease.epoch) return { kind: 'success' };
    if (job?.status === 'COMMITTING') return wait(run, error, await decidedDelayMs(run, job, error));
    if (job && mayBePassing(run, job, error))
      return wait(run, error, recheckMs(run.settings.retryDelayMs, run.random));
    if (error.outcome === 'terminal') return fail(run, error);
    if (error.reason === 'database_unavailable') return handBack(run, error);
    return retryOrFail(run, error as TransientError);
  });
}

/** The database could not be reached and now can: an outage of ours is no attempt, and must never fail a job. Source: spec.md §6. */
async function handBack(run: EndingRun, error: JobError): Promise<Settled> {
  run.observer.note(run.lease, 'the run stopped because the database could not be reached', {
    error: error.message,
  });
  const outcome = await run.state.jobs.interrupt(run.lease);
  return outcome.kind === 'lost' ? { kind: 'lost' } : { kind: 'interrupted' };
}

async function retryOrFail(run: EndingRun, error: TransientError): Promise<Settled> {
  const retry = nextRetry(run.settings, run.job.attempts + 1, error, run.random);
  if (retry.kind === 'exhausted') return fail(run, error);
  if (error.reason === 'snapshot_expired') await run.state.jobs.planAnew(run.lease);
  return wait(run, error, retry.delayMs);
}

async function fail(run: EndingRun, error: JobError): Promise<Settled> {
  const { reason, message } = error;
  const outcome = await run.state.jobs.fail(run.lease, reason, message);
  return outcome.kind === 'lost' ? { kind: 'lost' } : { kind: 'failed', reason, message };
}

async function wait(run: EndingRun, error: JobError, delayMs: number): Promise<Settled> {
  const { reason, message } = error;
  const outcome = await run.state.jobs.retryLater(run.lease, reason, message, delayMs);
  if (outcome.kind === 'lost') return { kind: 'lost' };
  return { kind: 'waiting', reason, message, nextAttemptAt: outcome.nextAttemptAt };
}

/**
 * Roles and keys are changed under running jobs and take a moment to take effect, so a refusal in the middle of a job is
 * believed the second time. A job that was refused before it had a plan has never been let in.
 */
function mayBePassing({ settings }: EndingRun, job: JobRecord, { reason }: JobError): boolean {
  const isFirst = job.errorReason !== 'access_denied' && job.attempts < settings.maxRetries;
  return reason === 'access_denied' && job.plan !== undefined && isFirst;
}

/** Attempts are not counted any more by then, so the time since the commit was begun says how patient to be. */
async function decidedDelayMs(run: EndingRun, { planNumber }: JobRecord, error: JobError): Promise<number> {
  const { state, lease, random } = run;
  const { retryDelayMs } = run.settings;
  const commit = await state.steps.get(lease, planNumber, 'commit');
  const triedFor = commit ? (await state.now()) - commit.startedAt : 0n;
  const delayMs = decidedBackoffMs(retryDelayMs, Number(triedFor / MICROS_PER_MS), error.reason, random);
  return error.outcome === 'terminal' ? Math.max(delayMs, recheckMs(retryDelayMs, random)) : delayMs;
}

async function settled(record: () => Promise<Settled>): Promise<Settled> {
  try {
    return await record();
  } catch (error) {
    return { kind: 'unsettled', message: messageOf(error) };
  }
}
