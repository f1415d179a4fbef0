/** What is said of one FOCUS column: where it comes from, what it may hold, and since which version it exists. */
import type { FieldType } from '../../../job/table-schema.ts';
import type { ExportColumns } from './export-columns.ts';

/** Versions of the FinOps Open Cost and Usage Specification that can be written, oldest first. */
export const FOCUS_VERSIONS = ['1.0', '1.1', '1.2'] as const;
export type FocusVersion = (typeof FOCUS_VERSIONS)[number];

/** How much FOCUS asks for a column. Source: FOCUS_Spec, "Feature level" of each column. */
export type FocusLevel = 'Mandatory' | 'Conditional' | 'Recommended';

/** One column of the result. */
export type FocusColumn = {
  readonly name: string;
  readonly type: FieldType;
  readonly level: FocusLevel;
  readonly since: FocusVersion;
  /** What is not plain from the expression, in Markdown. */
  readonly note: string;
  /** Whether NULL breaks the specification. */
  readonly required?: true;
  /** The only values it may hold beside NULL, compared case-sensitively. */
  readonly values?: readonly string[];
  /** The SQL expression over one row `t` of the export. */
  readonly expression: (columns: ExportColumns) => string;
};
