/** The end of rolling forward: COMMITTING → SUCCESS and the watermark in one transaction, conditional on the recorded set. */
import { commitSetRows, type CommitSet } from '../job/commit-set.ts';
import { LeaseLostError } from '../job/errors.ts';
import { commitQuarantine } from './commit-quarantine.ts';
import { stagedSize } from './staging.ts';
import type { PlannedRun } from './run.ts';

/** What rolling forward came to. */
export type RollForward =
  | { readonly kind: 'finished' }
  | { readonly kind: 'plan_anew' }
  /** Nothing can be proven: the caller hands the job to an operator, which gives up the lease. */
  | { readonly kind: 'unprovable'; readonly message: string };

/** Ends the job whose set is visible; throws a LeaseLostError when somebody settled it otherwise. */
export async function finishCommitted(run: PlannedRun, set: CommitSet): Promise<RollForward> {
  const { state, lease } = run;
  const committed = await commitQuarantine(run, set);
  if (committed.kind === 'unprovable') return committed;
  const outcome = await state.jobs.finish(lease, committed.set, {
    ...(await loadedCounts(run)),
    rowsWritten: commitSetRows(set),
  });
  if (outcome.kind === 'superseded') {
    throw new LeaseLostError(`the job was settled by somebody else as ${outcome.status}`);
  }
  return { kind: 'finished' };
}

/** As recorded while the rows were loaded, by whichever run did so. */
async function loadedCounts(run: PlannedRun): Promise<{ rowsRead: number; bytesWritten: number }> {
  const staged = await stagedSize(run);
  if (staged) return { rowsRead: staged.rows, bytesWritten: staged.bytes };
  const batches = await run.state.batches.list(run.lease, run.planNumber);
  return {
    rowsRead: batches.reduce((rows, batch) => rows + batch.rowsRead, 0),
    bytesWritten: batches.reduce((bytes, batch) => bytes + batch.bytes, 0),
  };
}
