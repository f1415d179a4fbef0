/** The commit protocol: decide in the database, then only roll forward. */
import { createHash } from 'node:crypto';
import type { CommitSet } from '../job/commit-set.ts';
import { LeaseLostError } from '../job/errors.ts';
import { lineageOf, replacesWindow } from '../job/job.ts';
import { stagedRows } from './staging.ts';
import type { PreparedRows } from './copy-rows.ts';
import type { RollForward } from './finish-committed.ts';
import { rollForwardJob } from './roll-forward-job.ts';
import { rollForwardStreams } from './roll-forward-streams.ts';
import type { PlannedRun } from './run.ts';

/** What a decision came to: the set to roll forward, or why the prepared rows must be abandoned. */
export type Decision =
  | { readonly kind: 'decided'; readonly set: CommitSet }
  | { readonly kind: 'finished' }
  | { readonly kind: 'plan_anew' }
  | { readonly kind: 'cancelled' };

/** Records in one transaction what will be made visible, if the job, its lease and the watermark are still as planned. */
export async function decide(run: PlannedRun, prepared: PreparedRows): Promise<Decision> {
  const { state, lease, planNumber } = run;
  const outcome =
    prepared.rowsWritten === 0 && prepared.quarantine.length === 0 && !replacesWindow(run.job.jobType)
      ? await state.jobs.finishEmpty(lease, planNumber, counts(prepared))
      : await state.jobs.decide(lease, planNumber, commitSet(run, prepared));
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost before the decision; nothing was committed');
  if (outcome.kind === 'watermark_moved') return { kind: 'plan_anew' };
  return outcome;
}

/** Commits exactly the recorded set, whoever recorded it, and finishes the job; safe to repeat at any point. */
export function rollForward(run: PlannedRun, set: CommitSet): Promise<RollForward> {
  return set.kind === 'job' ? rollForwardJob(run, set) : rollForwardStreams(run, set);
}

function commitSet(run: PlannedRun, prepared: PreparedRows): CommitSet {
  const { staging, streams, rowsWritten } = prepared;
  const lineage = lineageOf(run.lease, run.planNumber);
  const rejected = quarantineSet(run, prepared);
  if (!staging) return { kind: 'streams', lineage, streams, ...rejected };
  return {
    kind: 'job',
    lineage,
    jobId: commitJobId(lineage),
    location: run.plan.destinationLocation,
    ...run.destination.commitJob(stagedRows(run, staging, rowsWritten)),
    rows: rowsWritten,
    ...rejected,
  };
}

function quarantineSet(
  { plan }: PlannedRun,
  { quarantine: streams }: PreparedRows,
): Pick<CommitSet, 'quarantine'> {
  if (!plan.quarantine || streams.length === 0) return {};
  return { quarantine: { table: plan.quarantine, location: plan.destinationLocation, streams } };
}

/** One id per plan of a job: whoever rolls it forward asks for the same one, and an id runs once. */
function commitJobId(lineage: string): string {
  return `pulse_billing_etl_commit_${createHash('sha256').update(lineage).digest('hex')}`;
}

function counts(prepared: PreparedRows) {
  const { rowsRead, rowsWritten, bytesWritten } = prepared;
  return { rowsRead, rowsWritten, bytesWritten };
}
