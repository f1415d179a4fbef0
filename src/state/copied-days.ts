/** What the batches of a plan read and wrote by day, where a module came between. */
import { addCopiedDays, type CopiedDays } from '../job/day-totals.ts';
import type { JobKey } from '../job/job.ts';
import type { Session } from './database.ts';
import { BatchRow } from './entities/batch-row.ts';
import { findColumns } from './row-statements.ts';

/** Added up over all batches of the plan. */
export async function copiedDays(
  session: Session,
  { organizationId, jobId }: JobKey,
  planNumber: number,
): Promise<CopiedDays> {
  const ofPlan = 'WHERE {organizationId} = ? AND {jobId} = ? AND {planNumber} = ?';
  const batches = await findColumns(session, BatchRow, ['days'], ofPlan, [organizationId, jobId, planNumber]);
  return addCopiedDays(
    batches.flatMap(({ days }) => (days === null ? [] : [JSON.parse(days) as CopiedDays])),
  );
}
