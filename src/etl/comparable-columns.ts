/** Which columns of a source are added up on both sides of a copy. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import { tableName } from '../job/table-ref.ts';
import { fieldAt, type TableSchema } from '../job/table-schema.ts';
import {
  CURRENCY_COLUMN,
  DEFAULT_VERIFY_COLUMNS,
  FOCUS_CURRENCY_COLUMN,
  FOCUS_VERIFY_COLUMNS,
} from '../job/totals.ts';
import type { VerifiedColumns } from './source.ts';

/** The configured columns, or the default ones as far as the source has them; throws a TerminalError for one that is no number. */
export function comparableColumns(schema: TableSchema, organization: Organization): VerifiedColumns {
  const currencyColumn = [CURRENCY_COLUMN, FOCUS_CURRENCY_COLUMN].find(
    (name) => fieldAt(schema, name)?.type === 'STRING',
  );
  return {
    columns: verifyColumns(schema, organization),
    currencyColumn,
    schema,
    fingerprint: organization.verifyLevel === 'fingerprint',
  };
}

function verifyColumns(schema: TableSchema, organization: Organization): readonly string[] {
  const wanted = organization.verifyColumns;
  if (!wanted)
    return [...DEFAULT_VERIFY_COLUMNS, ...FOCUS_VERIFY_COLUMNS].filter((path) => isSummable(schema, path));
  const wrong = wanted.filter((path) => !isSummable(schema, path));
  if (wrong.length === 0) return wanted;
  throw new TerminalError(
    'invalid_configuration',
    `verify_columns names ${wrong.join(', ')}, which the rows of ${tableName(organization.source)} under transform ${organization.transform} do not have as a number; mend it with org set ${organization.organizationId} --verify-columns`,
  );
}

function isSummable(schema: TableSchema, path: string): boolean {
  const type = fieldAt(schema, path)?.type;
  return type === 'FLOAT64' || type === 'NUMERIC' || type === 'BIGNUMERIC' || type === 'INT64';
}
