/** Rolls a recorded set of write streams forward. */
import { commitSetRows, type StreamCommitSet } from '../job/commit-set.ts';
import { LeaseLostError } from '../job/errors.ts';
import { tableName } from '../job/table-ref.ts';
import { commitStreams } from './commit-streams.ts';
import { finishCommitted, type RollForward } from './finish-committed.ts';
import type { PlannedRun } from './run.ts';

/** Commits the streams, or finds out by their rows what became of them, and finishes the job. */
export async function rollForwardStreams(run: PlannedRun, set: StreamCommitSet): Promise<RollForward> {
  const { destination: table, destinationLocation: location } = run.plan;
  const { streams, lineage } = set;
  // Every row was rejected: there is nothing to commit but the quarantine.
  if (streams.length === 0) return finishCommitted(run, set);
  const committed = await commitStreams(run.destination, { table, location, streams }, lineage, (why) =>
    run.observer.note(run.lease, 'commit outcome is ambiguous, looking for its rows', { why }),
  );
  switch (committed.kind) {
    case 'visible':
      return finishCommitted(run, set);
    case 'lost':
      return replan(run, set);
    case 'partly_visible': {
      const { found, why } = committed;
      const message = `${found} of ${commitSetRows(set)} rows of ${lineage} are in ${tableName(table)}, though a commit is all or nothing: ${why}`;
      return { kind: 'unprovable', message };
    }
  }
}

async function replan(run: PlannedRun, set: StreamCommitSet): Promise<RollForward> {
  const outcome = await run.state.jobs.replanAfterNoEffect(run.lease, set);
  if (outcome.kind === 'lost')
    throw new LeaseLostError('the lease was lost while a lost commit was being settled');
  return { kind: 'plan_anew' };
}
