/** Rows on their way through this process into a staging table: streamed there, then committed there, where nobody sees them. */
import { TransientError } from '../job/errors.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { totalsDifference, type Totals } from '../job/totals.ts';
import { copyRows, type PreparedRows } from './copy-rows.ts';
import { verifiedColumns } from './extract.ts';
import type { PlannedRun } from './run.ts';
import { makeStaging } from './staging.ts';

/** Copies the plan's rows into write streams of its staging table, from the last checkpoint on. */
export async function copyIntoStaging(run: PlannedRun): Promise<PreparedRows> {
  const staging = await makeStaging(run);
  return { ...(await copyRows(run)), staging };
}

/**
 * Makes the verified streams the content of the staging table, and says what that adds up to. A table that then holds anything else, such as rows of an
 * earlier try, is never used: the job plans anew, which gives it another table.
 */
export async function commitIntoStaging(
  run: PlannedRun,
  staging: TableRef,
  { streams, totals }: PreparedRows,
): Promise<Totals> {
  const { plan, destination } = run;
  const names = streams.map(({ name }) => name);
  const outcome = names.length > 0 ? await destination.commitWriteStreams(staging, names) : undefined;
  const found = await destination.totalsOf(staging, plan.destinationLocation, verifiedColumns(run));
  const differences = totalsDifference(totals, found, ['copied', 'in the staging table']);
  if (differences.length === 0) return found;
  const why = outcome?.kind === 'ambiguous' ? `${outcome.message}; ` : '';
  await run.state.jobs.planAnew(run.lease);
  throw new TransientError(
    'row_count_mismatch',
    `${tableName(staging)} does not hold what was copied: ${why}${differences.join('; ')}; the copy begins again in another one`,
  );
}
