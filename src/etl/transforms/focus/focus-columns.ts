/** The table of all FOCUS columns, and the SQL that makes them of a billing export. */
import type { TableSchema } from '../../../job/table-schema.ts';
import { accountColumns } from './account-columns.ts';
import { chargeColumns } from './charge-columns.ts';
import { commitmentColumns } from './commitment-columns.ts';
import { costColumns } from './cost-columns.ts';
import { exportColumns } from './export-columns.ts';
import { FOCUS_VERSIONS, type FocusColumn, type FocusVersion } from './focus-column.ts';
import { sourceWithFacts } from './gathered-facts.ts';
import { resourceColumns } from './resource-columns.ts';
import { rowsWithFacts } from './row-facts.ts';
import { serviceColumns } from './service-columns.ts';

/** The cursor of the result: when the row was exported. */
export const FOCUS_CURSOR = 'x_ExportTime';

const exportTime: FocusColumn = {
  name: FOCUS_CURSOR,
  type: 'TIMESTAMP',
  level: 'Recommended',
  since: '1.0',
  note: '`export_time`, the cursor by which copies are ordered; not a FOCUS column, hence the prefix.',
  expression: (from) => from.value('export_time', 'TIMESTAMP'),
};

const allColumns: readonly FocusColumn[] = [
  ...[
    ...accountColumns,
    ...chargeColumns,
    ...commitmentColumns,
    ...costColumns,
    ...resourceColumns,
    ...serviceColumns,
  ].sort((a, b) => (a.name < b.name ? -1 : 1)),
  exportTime,
];

/** The columns of a version in the order in which they are written: by name, the cursor last. */
export function focusColumns(version: FocusVersion): readonly FocusColumn[] {
  const until = FOCUS_VERSIONS.indexOf(version);
  return allColumns.filter(({ since }) => FOCUS_VERSIONS.indexOf(since) <= until);
}

/** A SELECT over `{source}` for an export table with this live schema; a column it lacks becomes NULL of its type. */
export function focusSql(version: FocusVersion, exportSchema: TableSchema): string {
  const from = exportColumns(exportSchema);
  const selected = focusColumns(version).map(({ name, expression }) => `  ${expression(from)} AS ${name}`);
  return `SELECT\n${selected.join(',\n')}\nFROM ${rowsWithFacts(sourceWithFacts(exportSchema), from)} AS t`;
}
