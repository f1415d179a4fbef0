/** Proves, before anything is visible, that what waits in write streams or a staging table is what the source holds at the snapshot. */
import { TerminalError, TransientError } from '../job/errors.ts';
import { totalRows, totalsDifference, type Totals } from '../job/totals.ts';
import { assertFewRejected, verifyRowsRead } from './verify-module-rows.ts';
import { abandonCopy, type PreparedRows } from './copy-rows.ts';
import { sliceOf, verifiedColumns } from './extract.ts';
import type { PlannedRun } from './run.ts';
import { commitIntoStaging } from './stage-streams.ts';

/** Finalizes the write streams and compares; throws `row_count_mismatch` (the copy is begun again) or `verification_mismatch` (final). */
export async function verify(run: PlannedRun, prepared: PreparedRows): Promise<void> {
  const { source, plan } = run;
  assertFewRejected(run, prepared);
  await verifyFinalizedCounts(run, prepared);
  if (plan.moduleTransform) await verifyRowsRead(run);
  const comparable = plan.verifyLevel !== 'counts' && !plan.moduleTransform;
  const expected = comparable ? await source.totals(sliceOf(run), verifiedColumns(run)) : undefined;
  if (expected) assertEqual(expected, prepared.totals, 'copied');
  // What a query staged is in its table already, and was added up there.
  if (!prepared.staging || plan.writePath === 'query') return;
  const staged = await commitIntoStaging(run, prepared.staging, prepared);
  // Only here are fingerprints compared: those of rows on their way are not taken.
  if (expected) assertEqual(expected, staged, 'in the staging table');
}

async function verifyFinalizedCounts(run: PlannedRun, prepared: PreparedRows): Promise<void> {
  const { streams, quarantine, staging } = prepared;
  for (const { name, rows } of [...streams, ...quarantine]) {
    if (staging && (await isCommitted(run, name))) continue;
    const finalized = await run.destination.finalizeWriteStream(name);
    const found = finalized.kind === 'missing' ? 'it is gone' : `it holds ${finalized.rows}`;
    if (finalized.kind === 'finalized' && finalized.rows === rows) continue;
    await abandonCopy(run);
    throw new TransientError(
      'row_count_mismatch',
      `${rows} rows were sent to the write stream ${name}, but ${found}`,
    );
  }
}

/** By an earlier run, into its staging table, whose content is looked at afterwards. */
async function isCommitted({ destination }: PlannedRun, stream: string): Promise<boolean> {
  return (await destination.writeStreamState(stream)).kind === 'committed';
}

function assertEqual(expected: Totals, found: Totals, where: string): void {
  const differences = totalsDifference(expected, found, ['at the source', where]);
  if (differences.length === 0) return;
  throw new TerminalError(
    'verification_mismatch',
    `the copy of ${totalRows(expected)} rows differs from the source at the snapshot: ${differences.join('; ')}; nothing was made visible`,
  );
}
