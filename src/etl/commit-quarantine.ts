/** Makes the rows visible that a module rejected, in the quarantine table, once the rows of the job are. */
import type { CommitSet, QuarantineSet } from '../job/commit-set.ts';
import { asJobError, LeaseLostError, type JobError } from '../job/errors.ts';
import { jobName } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import { commitStreams, rowsIn } from './commit-streams.ts';
import { rejectAgain } from './reject-again.ts';
import type { PlannedRun } from './run.ts';

/** Both are recorded in one decision, so that whoever rolls the job forward commits both, however often it is begun. */
export type QuarantineCommit =
  /** All of it is visible; the set is the one that is recorded now. */
  | { readonly kind: 'done'; readonly set: CommitSet }
  /** The streams are gone, not all of their rows are visible, and they cannot be made again. */
  | { readonly kind: 'unprovable'; readonly message: string };

/** Commits the recorded streams, or finds that they were; rows that were lost before are made and committed again. Safe to repeat. */
export async function commitQuarantine(run: PlannedRun, set: CommitSet): Promise<QuarantineCommit> {
  const { quarantine } = set;
  if (!quarantine) return { kind: 'done', set };
  const committed = await commitStreams(run.destination, quarantine, set.lineage);
  switch (committed.kind) {
    case 'visible':
      return { kind: 'done', set };
    case 'partly_visible':
      return lost(run, quarantine, committed.found, committed.why);
    case 'lost':
      run.observer.note(run.lease, 'rejected rows were lost before they were visible, making them again', {
        why: committed.why,
      });
      return commitAgain(run, set, quarantine);
  }
}

async function commitAgain(
  run: PlannedRun,
  set: CommitSet,
  quarantine: QuarantineSet,
): Promise<QuarantineCommit> {
  const { state, lease } = run;
  let streams: QuarantineSet['streams'];
  try {
    streams = await rejectAgain(run, quarantine.table);
  } catch (thrown) {
    run.signal.throwIfAborted();
    const error = asJobError(thrown);
    // The first time it may be passing; the same reason twice in a row is not.
    if (!isFinal(error) || run.job.errorReason !== error.reason) throw error;
    return lost(run, quarantine, 0, error.message);
  }
  const [rows, expected] = [rowsIn(streams), rowsIn(quarantine.streams)];
  if (rows !== expected) return lost(run, quarantine, 0, `its module rejects ${rows} rows now`);
  const replaced = await state.jobs.replaceQuarantine(lease, set, { ...quarantine, streams });
  if (replaced.kind === 'lost')
    throw new LeaseLostError('the lease was lost while rejected rows were made again');
  return commitQuarantine(run, replaced.set);
}

/** What a later attempt would meet again. */
function isFinal({ outcome, reason }: JobError): boolean {
  return outcome === 'terminal' || reason === 'transform_changed' || reason === 'snapshot_expired';
}

function lost(
  run: PlannedRun,
  { table, streams }: QuarantineSet,
  found: number,
  why: string,
): QuarantineCommit {
  const { organizationId, jobId } = run.lease;
  return {
    kind: 'unprovable',
    message: `the rows of ${jobName(run.lease)} are visible, but only ${found} of its ${rowsIn(streams)} rejected rows are in ${tableName(table)}, and they cannot be made again: ${why}; the copy itself is whole, so settle it with pulse-billing-etl resolve ${organizationId} ${jobId} --committed`,
  };
}
