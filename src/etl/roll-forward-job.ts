/** Rolls a recorded BigQuery job forward: an id runs once, and a job takes effect as a whole or not at all. */
import type { JobCommitSet } from '../job/commit-set.ts';
import { LeaseLostError, TerminalError, type JobError } from '../job/errors.ts';
import { tableName } from '../job/table-ref.ts';
import { finishCommitted, type RollForward } from './finish-committed.ts';
import type { PlannedRun } from './run.ts';
import { dropStaging, stagingTable } from './staging.ts';

/**
 * Carries the recorded job out, or finds that it was, and finishes. A job that ended in error had no effect, nor has one
 * whose insertion is refused time and again: the next plan begins and the error is thrown, to be settled as any error before
 * a decision.
 */
export async function rollForwardJob(run: PlannedRun, set: JobCommitSet): Promise<RollForward> {
  const outcome = await run.destination.runCommitJob(set);
  switch (outcome.kind) {
    case 'done':
      return finish(run, set);
    case 'foreign':
      return foreign(run, set, outcome.message);
    case 'failed':
      return settleFailedJob(run, set, outcome.error);
    case 'refused':
      // The first refusal may be passing; the same one twice in a row is not.
      if (run.job.errorReason !== outcome.error.reason) throw outcome.error;
      return settleRefusedJob(run, set, outcome.error);
  }
}

/**
 * Whoever sent the same insertion before may still get it through. Without its staging table it can have no effect any more,
 * so that is removed first, and then the id is looked at once more.
 */
async function settleRefusedJob(run: PlannedRun, set: JobCommitSet, refusal: JobError): Promise<RollForward> {
  const { destination } = run;
  try {
    await destination.dropTable(stagingTable(run));
    const outcome = await destination.runCommitJob(set);
    if (outcome.kind === 'done') return await finish(run, set);
    if (outcome.kind === 'foreign') return foreign(run, set, outcome.message);
    const found = await rowsThere(run, set, outcome.error);
    if (found !== 'none') return found;
  } catch (error) {
    if (!(error instanceof TerminalError)) throw error;
    const message = `the commit job ${set.jobId} is refused (${refusal.message}), and so is finding out whether it may still take effect (${error.message})`;
    return { kind: 'unprovable', message: `${message}; ${howToSettle(run, set)}` };
  }
  await replan(run, set, refusal);
  throw refusal;
}

async function finish(run: PlannedRun, set: JobCommitSet): Promise<RollForward> {
  const finished = await finishCommitted(run, set);
  await dropStaging(run);
  return finished;
}

/**
 * BigQuery remembers a job for six months and then runs its id again, which fails for want of the staging table: so a
 * failure alone is no proof, and the rows are looked for.
 */
async function settleFailedJob(run: PlannedRun, set: JobCommitSet, error: JobError): Promise<RollForward> {
  const found = await rowsThere(run, set, error);
  if (found !== 'none') return found;
  const stagingIsGone = !(await run.destination.describe(stagingTable(run)));
  await replan(run, set, error);
  // A staging table that removed itself while an operator was waited for is mended by staging again.
  if (stagingIsGone) return { kind: 'plan_anew' };
  await dropStaging(run);
  throw error;
}

/** `none` of the set's rows, or what it means that some are there. */
async function rowsThere(run: PlannedRun, set: JobCommitSet, error: JobError): Promise<'none' | RollForward> {
  const { plan, destination } = run;
  const found = await destination.rowsOf(plan.destination, plan.destinationLocation, set.lineage);
  if (found === 0) return 'none';
  if (found === set.rows) return finish(run, set);
  const message = `${found} of ${set.rows} rows of ${set.lineage} are in ${tableName(plan.destination)}, though the commit job ${set.jobId} failed (${error.message}) and a job is all or nothing`;
  return { kind: 'unprovable', message };
}

async function replan(run: PlannedRun, set: JobCommitSet, error: JobError): Promise<void> {
  run.observer.note(run.lease, 'the commit job came to nothing, planning anew', { why: error.message });
  const outcome = await run.state.jobs.replanAfterNoEffect(run.lease, set);
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost while a failed commit job was being settled');
}

function foreign(run: PlannedRun, set: JobCommitSet, message: string): RollForward {
  return { kind: 'unprovable', message: `${message}; ${howToSettle(run, set)}` };
}

function howToSettle({ plan, lease }: PlannedRun, { jobId, location }: JobCommitSet): string {
  const { organizationId, jobId: job } = lease;
  return [
    `look at it with bq show --location=${location} -j ${plan.destination.project}:${jobId}`,
    `count the rows with the query of pulse-billing-etl show ${organizationId} ${job}`,
    `then pulse-billing-etl resolve ${organizationId} ${job} --committed or --not-committed`,
  ].join(', ');
}
