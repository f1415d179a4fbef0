/** Which columns of a source are added up on both sides of a copy. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import { fieldAt, type TableSchema } from '../job/table-schema.ts';
import {
  CURRENCY_COLUMN,
  DEFAULT_VERIFY_COLUMNS,
  FOCUS_CURRENCY_COLUMN,
  FOCUS_VERIFY_COLUMNS,
  type FingerprintKind,
} from '../job/totals.ts';
import type { VerifiedColumns } from './source.ts';
import { isModule } from './transforms/module/find-module.ts';

/** The configured columns, or the default ones as far as the source has them; throws a TerminalError for one that is no number. */
export function comparableColumns(schema: TableSchema, organization: Organization): VerifiedColumns {
  return {
    columns: verifyColumns(schema, organization),
    currencyColumn: currencyColumnOf(schema),
    schema,
    fingerprint: fingerprintKind(organization),
  };
}

/** The same of rows on their way into a module: columns that only its rows have are left out, and nothing is hashed. */
export function readableColumns(
  schema: TableSchema,
  { verifyColumns: wanted }: Organization,
): VerifiedColumns {
  const columns = (wanted ?? USUAL_COLUMNS).filter((path) => isSummable(schema, path));
  return { columns, currencyColumn: currencyColumnOf(schema), schema };
}

/** How rows are hashed at the level fingerprint; a module's are hashed here before BigQuery has them. */
export function fingerprintKind({
  verifyLevel,
  transform,
}: Pick<Plan, 'verifyLevel' | 'transform'>): FingerprintKind | undefined {
  if (verifyLevel !== 'fingerprint') return undefined;
  return isModule(transform) ? 'anywhere' : 'in_sql';
}

const USUAL_COLUMNS = [...DEFAULT_VERIFY_COLUMNS, ...FOCUS_VERIFY_COLUMNS];

function currencyColumnOf(schema: TableSchema): string | undefined {
  return [CURRENCY_COLUMN, FOCUS_CURRENCY_COLUMN].find((name) => fieldAt(schema, name)?.type === 'STRING');
}

function verifyColumns(schema: TableSchema, organization: Organization): readonly string[] {
  const wanted = organization.verifyColumns;
  if (!wanted) return USUAL_COLUMNS.filter((path) => isSummable(schema, path));
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
