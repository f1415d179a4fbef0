/** Asks the copy of an organization whether it keeps what FOCUS asks of its columns and rows. */
import type { FocusReport } from '../cli/app-port.ts';
import { FOCUS_VERSIONS } from '../etl/transforms/focus/focus-column.ts';
import {
  focusChecksSql,
  focusProblems,
  focusRows,
  focusSchemaProblems,
} from '../etl/transforms/focus/focus-checks.ts';
import type { Organization } from '../job/organization.ts';
import type { Sides } from './sides.ts';

/** Reads the whole table once, unless its columns are wrong already: the checks of rows need every column. */
export async function checkFocus(
  { transform, destination: table }: Pick<Organization, 'transform' | 'destination'>,
  { destination }: Pick<Sides, 'destination'>,
): Promise<FocusReport> {
  const version = FOCUS_VERSIONS.find((known) => transform === `focus-${known}`);
  if (version === undefined) return { kind: 'no_focus_transform', transform };
  const described = await destination.describe(table);
  if (!described) return { kind: 'not_copied' };
  const ofSchema = focusSchemaProblems(version, described.schema);
  if (ofSchema.length > 0) return { kind: 'checked', version, problems: ofSchema };
  const answer = await destination.aggregateOf(table, described.location, (from) =>
    focusChecksSql(version, from),
  );
  // No row breaks a rule where there is none, which proves nothing.
  if (focusRows(answer) === 0) return { kind: 'nothing_copied' };
  return { kind: 'checked', version, problems: focusProblems(version, answer) };
}
