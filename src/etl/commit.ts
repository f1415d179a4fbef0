/** The commit protocol: decide in the database, then only roll forward. */
import { commitSetRows, type CommitSet, type StreamCommitSet } from '../job/commit-set.ts';
import { LeaseLostError, TerminalError, TransientError } from '../job/errors.ts';
import { lineageOf } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import type { PreparedRows } from './copy-rows.ts';
import type { PlannedRun, Run } from './run.ts';

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
    prepared.rowsWritten === 0
      ? await state.jobs.finishEmpty(lease, planNumber, counts(prepared))
      : await state.jobs.decide(lease, planNumber, commitSet(run, prepared));
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost before the decision; nothing was committed');
  if (outcome.kind === 'watermark_moved') return { kind: 'plan_anew' };
  return outcome;
}

/** What rolling forward came to. */
export type RollForward =
  | { readonly kind: 'finished' }
  | { readonly kind: 'plan_anew' }
  /** Nothing can be proven: the caller hands the job to an operator, which gives up the lease. */
  | { readonly kind: 'unprovable'; readonly message: string };

/** Commits exactly the recorded set, whoever recorded it, and finishes the job; safe to repeat at any point. */
export async function rollForward(run: PlannedRun, set: CommitSet): Promise<RollForward> {
  if (set.kind === 'job') {
    throw new TerminalError(
      'unsupported',
      `a commit by query job (${set.jobId}) is not carried out by this version`,
    );
  }
  const names = set.streams.map((stream) => stream.name);
  const outcome = await run.destination.commitWriteStreams(run.plan.destination, names);
  if (outcome.kind === 'committed') return finish(run, set);
  run.observer.note(run.lease, 'commit outcome is ambiguous, looking for its rows', { why: outcome.message });
  return settleByEvidence(run, set, outcome.message);
}

/** COMMITTING → SUCCESS and the watermark in one transaction, conditional on the recorded set. */
async function finish(run: PlannedRun, set: CommitSet): Promise<RollForward> {
  const { state, lease } = run;
  const { rowsRead, bytesWritten } = await loadedCounts(run);
  const rowsWritten = commitSetRows(set);
  const outcome = await state.jobs.finish(lease, set, { rowsRead, rowsWritten, bytesWritten });
  if (outcome.kind === 'superseded') {
    throw new LeaseLostError(`the job was settled by somebody else as ${outcome.status}`);
  }
  return { kind: 'finished' };
}

/** The streams can no longer be asked, so the destination is: rows carrying the set's lineage are the evidence. */
async function settleByEvidence(run: PlannedRun, set: StreamCommitSet, why: string): Promise<RollForward> {
  const { plan } = run;
  const found = await run.destination.rowsOf(plan.destination, plan.destinationLocation, set.lineage);
  const expected = commitSetRows(set);
  if (found === expected) return finish(run, set);
  if (found === 0) return replanIfNothingCanLand(run, set, why);
  const message = `${found} of ${expected} rows of ${set.lineage} are in ${tableName(plan.destination)}, though a commit is all or nothing: ${why}`;
  return { kind: 'unprovable', message };
}

/** A new plan only when every stream is gone, so that no commit under way can still make its rows visible. */
async function replanIfNothingCanLand(run: Run, set: StreamCommitSet, why: string): Promise<RollForward> {
  const states = await Promise.all(set.streams.map(({ name }) => run.destination.writeStreamState(name)));
  if (states.some((state) => state.kind === 'committed')) {
    throw new TransientError(
      'commit_ambiguous',
      'the streams say committed while no row is visible yet; looking again later',
    );
  }
  if (states.some((state) => state.kind === 'open')) {
    throw new TransientError(
      'commit_ambiguous',
      `the commit failed while its streams are still open: ${why}`,
    );
  }
  const outcome = await run.state.jobs.replanAfterNoEffect(run.lease, set);
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost while a lost commit was being settled');
  return { kind: 'plan_anew' };
}

function commitSet(run: PlannedRun, prepared: PreparedRows): CommitSet {
  return { kind: 'streams', lineage: lineageOf(run.lease, run.planNumber), streams: prepared.streams };
}

function counts(prepared: PreparedRows) {
  const { rowsRead, rowsWritten, bytesWritten } = prepared;
  return { rowsRead, rowsWritten, bytesWritten };
}

async function loadedCounts(run: PlannedRun): Promise<{ rowsRead: number; bytesWritten: number }> {
  const batches = await run.state.batches.list(run.lease, run.planNumber);
  return {
    rowsRead: batches.reduce((rows, batch) => rows + batch.rowsRead, 0),
    bytesWritten: batches.reduce((bytes, batch) => bytes + batch.bytes, 0),
  };
}
