/** Which SQL an organization's transform means for its source table. */
import { TerminalError } from '../../job/errors.ts';
import type { Organization } from '../../job/organization.ts';
import type { SqlTransform } from '../../job/sql-transform.ts';
import { tableName } from '../../job/table-ref.ts';
import { fieldAt } from '../../job/table-schema.ts';
import type { SourceTable } from '../source.ts';
import { FOCUS_VERSIONS } from './focus/focus-column.ts';
import { FOCUS_CURSOR, focusSql } from './focus/focus-columns.ts';

/** Without these a table is no billing export, and FOCUS columns that must not be NULL would be. */
const FOCUS_NEEDS = [
  'billing_account_id',
  'cost',
  'currency',
  'export_time',
  'invoice.month',
  'service.description',
  'usage_end_time',
  'usage_start_time',
];

/** Undefined for `none`; throws TerminalError('invalid_configuration') for a transform that is not there or does not fit the table. */
export function sqlTransformOf(
  { transform, organizationId }: Pick<Organization, 'transform' | 'organizationId'>,
  table: SourceTable,
  files: ReadonlyMap<string, SqlTransform> = new Map(),
): SqlTransform | undefined {
  if (transform === 'none') return undefined;
  const version = FOCUS_VERSIONS.find((known) => transform === `focus-${known}`);
  if (version === undefined) return fromFile(transform, organizationId, files);
  const missing = FOCUS_NEEDS.filter((path) => !fieldAt(table.schema, path));
  if (missing.length === 0) return { sql: focusSql(version, table.schema), cursorField: FOCUS_CURSOR };
  throw new TerminalError(
    'invalid_configuration',
    `${tableName(table.table)} is no standard or detailed billing export, as ${transform} needs one: it lacks ${missing.join(', ')}; name another table with org set ${organizationId} --source`,
  );
}

function fromFile(
  transform: string,
  organizationId: string,
  files: ReadonlyMap<string, SqlTransform>,
): SqlTransform {
  const name = transform.replace(/^sql:/, '');
  const found = transform.startsWith('sql:') ? files.get(name) : undefined;
  if (found) return found;
  const known = [...files.keys()].map((file) => `sql:${file}`).join(', ');
  throw new TerminalError(
    'invalid_configuration',
    `transform ${transform} is not known: TRANSFORMS_DIR held ${known === '' ? 'no transform' : known} when this worker started; put ${name}.sql there and restart, or choose another with org set ${organizationId} --transform`,
  );
}
