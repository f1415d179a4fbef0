/** The days of a copy that a module made, against what the ledger says was read and written: one aggregate query of each side. */
import { daysOfWindow } from '../job/day-parts.ts';
import type { TableSchema } from '../job/table-schema.ts';
import { comparableColumns, readableColumns } from './comparable-columns.ts';
import type { ComparedDay } from './compare-days.ts';
import { compareRecordedDays } from './compare-recorded-days.ts';
import type { DestinationTable } from './destination.ts';
import type { Run } from './run.ts';
import type { Slice } from './source.ts';

/** What a module makes, nobody can say but the ledger: it keeps what was read of each day, and what was written. */
export async function compareWithLedger(
  { state, organization, source, destination }: Run,
  slice: Slice,
  sourceSchema: TableSchema,
  copy: DestinationTable,
): Promise<readonly ComparedDay[]> {
  const { window } = slice;
  const { first, last } = daysOfWindow(window);
  const written = comparableColumns(copy.schema, organization);
  const [recorded, there, copied] = await Promise.all([
    state.ledger.list(organization.organizationId, first, last),
    source.dailyTotals(slice, readableColumns(sourceSchema, organization)),
    destination.dailyTotals(copy.table, copy.location, written, window),
  ]);
  return compareRecordedDays(window, recorded, there, copied);
}
