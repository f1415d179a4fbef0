/** Makes the rows visible that a module rejected, in the quarantine table, once the rows of the job are. */
import type { CommitSet } from '../job/commit-set.ts';
import { jobName } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import type { PlannedRun } from './run.ts';

/** Both are recorded in one decision, so that whoever rolls the job forward commits both, however often it is begun. */
export type QuarantineCommit =
  | { readonly kind: 'done' }
  /** The streams are gone and not all of their rows are visible. */
  | { readonly kind: 'unprovable'; readonly message: string };

/** Commits the recorded streams, or finds that they were; safe to repeat. */
export async function commitQuarantine(
  { destination, lease }: PlannedRun,
  { quarantine, lineage }: CommitSet,
): Promise<QuarantineCommit> {
  if (!quarantine) return { kind: 'done' };
  const { table, location, streams } = quarantine;
  const outcome = await destination.commitWriteStreams(
    table,
    streams.map(({ name }) => name),
  );
  if (outcome.kind === 'committed') return { kind: 'done' };
  const rows = streams.reduce((sum, stream) => sum + stream.rows, 0);
  const found = await destination.rowsOf(table, location, lineage);
  if (found === rows) return { kind: 'done' };
  const { organizationId, jobId } = lease;
  return {
    kind: 'unprovable',
    message: `the rows of ${jobName(lease)} are visible, but only ${found} of its ${rows} rejected rows are in ${tableName(table)}: ${outcome.message}; the copy itself is whole, so settle it with pulse-billing-etl resolve ${organizationId} ${jobId} --committed`,
  };
}
