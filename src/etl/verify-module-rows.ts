/** Proves of rows on their way through a module that none was left out, and that no more of them were rejected than may be. */
import { TerminalError } from '../job/errors.ts';
import { totalRows } from '../job/totals.ts';
import type { PreparedRows } from './copy-rows.ts';
import { sliceOf } from './extract.ts';
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
 * The module was given every row of the source at the snapshot, once: what it makes of them has no sums of the source's to
 * be compared with. Throws `verification_mismatch`, which is final.
 */
export async function verifyRowsRead(run: PlannedRun, { rowsRead }: PreparedRows): Promise<void> {
  const columns = {
    columns: [],
    currencyColumn: undefined,
    schema: run.plan.moduleTransform?.sourceSchema ?? [],
  };
  const expected = totalRows(await run.source.totals(sliceOf(run), columns));
  if (expected === rowsRead) return;
  throw new TerminalError(
    'verification_mismatch',
    `${run.plan.transform} was given ${rowsRead} rows, but the source holds ${expected} at the snapshot; nothing was made visible`,
  );
}
