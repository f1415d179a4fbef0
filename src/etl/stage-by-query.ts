/** Rows that never leave the warehouse: one query copies them into the staging table. */
import { lineageOf } from '../job/job.ts';
import { tableName } from '../job/table-ref.ts';
import type { PreparedRows } from './copy-rows.ts';
import type { StagedSize } from './destination.ts';
import { sliceOf, verifiedColumns } from './extract.ts';
import type { PlannedRun } from './run.ts';
import { makeStaging, stagedSize, stagingTable } from './staging.ts';

/** Copies the plan's rows into its staging table in one query, unless an earlier run of this plan has. */
export async function stageRows(run: PlannedRun): Promise<PreparedRows> {
  const staging = stagingTable(run);
  const { plan, destination } = run;
  // A table that waited for too long has removed itself, and is made again.
  const recorded = (await destination.describe(staging)) && (await stagedSize(run));
  const { rows, bytes } = recorded ?? (await stage(run));
  const totals = await destination.totalsOf(staging, plan.destinationLocation, verifiedColumns(run));
  const none = { streams: [], quarantine: [], rowsDropped: 0, rowsRejected: 0 };
  return { ...none, staging, rowsRead: rows, rowsWritten: rows, bytesWritten: bytes, totals };
}

async function stage(run: PlannedRun): Promise<StagedSize> {
  const { destination, lease, planNumber, state } = run;
  const staging = await makeStaging(run);
  const lineage = lineageOf(lease, planNumber);
  const size = await destination.stageSlice(staging, sliceOf(run), lineage, run.signal);
  await state.steps.update(lease, planNumber, 'load', {
    staging: tableName(staging),
    staged_rows: size.rows,
    staged_bytes: size.bytes,
  });
  return size;
}
