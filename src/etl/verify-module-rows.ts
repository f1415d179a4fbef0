/** Proves of rows on their way through a module that none was left out, and that no more of them were rejected than may be. */
import { TerminalError } from '../job/errors.ts';
import { totalsOfDays } from '../job/day-totals.ts';
import { totalRows, totalsDifference, type Totals } from '../job/totals.ts';
import type { PreparedRows } from './copy-rows.ts';
import { readColumns, sliceOf } from './extract.ts';
import type { PlannedRun } from './run.ts';

/** Throws `too_many_rejected` when a larger share of the rows read was rejected than the organization allows. */
export function assertFewRejected(
  { plan, organization }: PlannedRun,
  { rowsRead, rowsRejected }: PreparedRows,
): void {
  const { maxRejectedPercent, organizationId } = organization;
  if (rowsRejected * 100 <= rowsRead * maxRejectedPercent) return;
  throw new TerminalError(
    'too_many_rejected',
    `${plan.transform} rejected ${rowsRejected} of ${rowsRead} rows, of which at most ${maxRejectedPercent} % may be; nothing was made visible. Mend the module or the rows, or allow it with org set ${organizationId} --max-rejected-percent, and keep them with --quarantine-table`,
  );
}

/**
 * The module was given every row of the source at the snapshot, once, with the sums that the source has: at the level
 * counts their number alone is compared. Throws `verification_mismatch`, which is final.
 */
export async function verifyRowsRead(run: PlannedRun): Promise<void> {
  const { plan, state, lease, planNumber, source } = run;
  const given = totalsOfDays((await state.batches.days(lease, planNumber)).read);
  const all = readColumns(run);
  const columns = plan.verifyLevel === 'counts' ? { ...all, columns: [], currencyColumn: undefined } : all;
  const expected = await source.totals(sliceOf(run), columns);
  const differences =
    plan.verifyLevel === 'counts'
      ? rowsDifference(expected, given)
      : totalsDifference(expected, given, ['at the source', 'given to the module']);
  if (differences.length === 0) return;
  throw new TerminalError(
    'verification_mismatch',
    `${plan.transform} was not given the ${totalRows(expected)} rows that the source holds at the snapshot: ${differences.join('; ')}; nothing was made visible`,
  );
}

function rowsDifference(expected: Totals, given: Totals): readonly string[] {
  const [there, read] = [totalRows(expected), totalRows(given)];
  return there === read ? [] : [`${there} rows at the source, ${read} given to the module`];
}
