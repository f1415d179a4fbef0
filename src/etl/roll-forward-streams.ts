/** Rolls a recorded set of write streams forward. */
import { commitSetRows, type StreamCommitSet } from '../job/commit-set.ts';
import { LeaseLostError } from '../job/errors.ts';
import { tableName } from '../job/table-ref.ts';
import type { WriteStreamState } from './destination.ts';
import { finishCommitted, type RollForward } from './finish-committed.ts';
import { assertNothingCanLand } from './landing-commits.ts';
import type { PlannedRun, Run } from './run.ts';

/** Commits the streams, or finds out by their rows what became of them, and finishes the job. */
export async function rollForwardStreams(run: PlannedRun, set: StreamCommitSet): Promise<RollForward> {
  const names = set.streams.map((stream) => stream.name);
  // Every row was rejected: there is nothing to commit but the quarantine.
  if (names.length === 0) return finishCommitted(run, set);
  const outcome = await run.destination.commitWriteStreams(run.plan.destination, names);
  if (outcome.kind === 'committed') return finishCommitted(run, set);
  run.observer.note(run.lease, 'commit outcome is ambiguous, looking for its rows', { why: outcome.message });
  return settleByEvidence(run, set, outcome.message);
}

/**
 * The set was not seen committed, so the destination is asked: rows carrying the set's lineage are the evidence. The streams
 * are looked at first: a commit that is still to land is one of a stream that is still there, and one that landed before its
 * stream was gone shows in the rows counted afterwards.
 */
async function settleByEvidence(run: PlannedRun, set: StreamCommitSet, why: string): Promise<RollForward> {
  const { plan } = run;
  const states = await Promise.all(set.streams.map(({ name }) => run.destination.writeStreamState(name)));
  const found = await run.destination.rowsOf(plan.destination, plan.destinationLocation, set.lineage);
  const expected = commitSetRows(set);
  if (found === expected) return finishCommitted(run, set);
  if (found === 0) return replanIfNothingCanLand(run, set, states, why);
  const message = `${found} of ${expected} rows of ${set.lineage} are in ${tableName(plan.destination)}, though a commit is all or nothing: ${why}`;
  return { kind: 'unprovable', message };
}

/** A new plan only when every stream was gone before the rows were counted. */
async function replanIfNothingCanLand(
  run: Run,
  set: StreamCommitSet,
  states: readonly WriteStreamState[],
  why: string,
): Promise<RollForward> {
  assertNothingCanLand(states, why);
  const outcome = await run.state.jobs.replanAfterNoEffect(run.lease, set);
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost while a lost commit was being settled');
  return { kind: 'plan_anew' };
}
