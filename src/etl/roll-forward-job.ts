/** Rolls a recorded BigQuery job forward: an id runs once, and a job takes effect as a whole or not at all. */
import type { JobCommitSet } from '../job/commit-set.ts';
import { LeaseLostError, type JobError } from '../job/errors.ts';
import { tableName } from '../job/table-ref.ts';
import { finishCommitted, type RollForward } from './finish-committed.ts';
import type { PlannedRun } from './run.ts';
import { dropStaging, stagingTable } from './staging.ts';

/**
 * Carries the recorded job out, or finds that it was, and finishes. A job that ended in error had no effect: the next plan
 * begins and the error is thrown, to be settled as any error before a decision.
 */
export async function rollForwardJob(run: PlannedRun, set: JobCommitSet): Promise<RollForward> {
  const outcome = await run.destination.runCommitJob(set);
  switch (outcome.kind) {
    case 'done':
      return finish(run, set);
    case 'foreign':
      return { kind: 'unprovable', message: `${outcome.message}; ${howToSettle(run, set)}` };
    case 'failed':
      return settleFailedJob(run, set, outcome.error);
  }
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
  const { plan, destination, lease } = run;
  const found = await destination.rowsOf(plan.destination, plan.destinationLocation, set.lineage);
  if (found > 0 && found === set.rows) return finish(run, set);
  if (found > 0) {
    const message = `${found} of ${set.rows} rows of ${set.lineage} are in ${tableName(plan.destination)}, though the commit job ${set.jobId} failed (${error.message}) and a job is all or nothing`;
    return { kind: 'unprovable', message };
  }
  const stagingIsGone = !(await destination.describe(stagingTable(run)));
  run.observer.note(lease, 'the commit job failed without effect, planning anew', { why: error.message });
  const outcome = await run.state.jobs.replanAfterNoEffect(lease, set);
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost while a failed commit job was being settled');
  // A staging table that removed itself while an operator was waited for is mended by staging again.
  if (stagingIsGone) return { kind: 'plan_anew' };
  await dropStaging(run);
  throw error;
}

function howToSettle({ plan, lease }: PlannedRun, { jobId, location }: JobCommitSet): string {
  const { organizationId, jobId: job } = lease;
  return [
    `look at it with bq show --location=${location} -j ${plan.destination.project}:${jobId}`,
    `count the rows with the query of pulse-billing-etl show ${organizationId} ${job}`,
    `then pulse-billing-etl resolve ${organizationId} ${job} --committed or --not-committed`,
  ].join(', ');
}
