/** Puts on record by day what a job read and wrote through a module, in the transaction that ends it: so it counts exactly once. */
import { daysOfWindow, withCopied, writtenOf } from '../../job/day-parts.ts';
import { totalFingerprint, totalRows } from '../../job/totals.ts';
import { copiedDays } from '../copied-days.ts';
import { LedgerRow } from '../entities/ledger-row.ts';
import { planOf } from '../job-record.ts';
import { ledgerEntry, writeLedger } from '../ledger-rows.ts';
import { findRows } from '../row-statements.ts';
import type { LockedJob } from './locked-job.ts';

/** Changes the ledger's days of the window of the locked job's plan; of other jobs than a module's only `verify` keeps a ledger. */
export async function recordDays({ session, job }: LockedJob): Promise<void> {
  const plan = planOf(job);
  if (!plan?.moduleTransform) return;
  const { organizationId } = job;
  const copied = await copiedDays(session, job, job.planNumber);
  const { first, last } = daysOfWindow(plan.window);
  const tail = `WHERE {organizationId} = ? AND {sourceDay} BETWEEN ? AND ?${session.dialect.forUpdate}`;
  const known = (await findRows(session, LedgerRow, tail, [organizationId, first, last])).map(ledgerEntry);
  // The last day even if it has no rows: the next window begins within it.
  const days = new Set([...known.map(({ sourceDay }) => sourceDay), last]);
  for (const { day } of [...copied.read, ...copied.written]) days.add(day);
  const entries = [...days].sort().map((sourceDay) => {
    const before = known.find((entry) => entry.sourceDay === sourceDay)?.parts ?? [];
    const parts = withCopied(before, sourceDay, plan.window, copied);
    const totals = writtenOf(parts);
    const fingerprint = totalFingerprint(totals);
    return { organizationId, sourceDay, rows: totalRows(totals), totals, fingerprint, parts };
  });
  await writeLedger(session, entries);
}
