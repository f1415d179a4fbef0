/** What this version can carry out; everything else is refused by name at plan time rather than half done. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import { UNDIGESTED_TYPES, type Field, type TableSchema } from '../job/table-schema.ts';
import { isModule } from './transforms/module/find-module.ts';

/** Throws a TerminalError naming the first setting that this version does not carry out. */
export function refuseWhatIsUnsupported(organization: Organization): void {
  const refused = firstUnsupported(organization);
  if (refused) {
    throw new TerminalError(
      'unsupported',
      `${refused} is not carried out by this version; see "What works today" in the README`,
    );
  }
}

function firstUnsupported({ verifyLevel, sourceKind, transform }: Organization): string | undefined {
  // What a module makes is hashed on its way, whatever its source.
  if (verifyLevel !== 'fingerprint' || sourceKind === 'bigquery' || isModule(transform)) return undefined;
  return `verify_level fingerprint of a source of kind ${sourceKind}`;
}

/** Throws a TerminalError naming a column of a module's rows that no fingerprint can be taken of, at the level fingerprint. */
export function refuseUndigestedColumns(
  { verifyLevel, transform, organizationId }: Organization,
  columns: TableSchema,
): void {
  const [column] = verifyLevel === 'fingerprint' ? undigested(columns) : [];
  if (!column) return;
  throw new TerminalError(
    'unsupported',
    `verify_level fingerprint cannot be had of ${column.path}, which ${transform} makes as ${column.type}: BigQuery may keep it as another text than it was given; have the module announce it as STRING, or choose org set ${organizationId} --verify-level totals`,
  );
}

function undigested(fields: TableSchema, parent = ''): readonly { path: string; type: Field['type'] }[] {
  return fields.flatMap(({ name, type, fields: inner = [] }) => {
    const path = `${parent}${name}`;
    return UNDIGESTED_TYPES.includes(type) ? [{ path, type }] : undigested(inner, `${path}.`);
  });
}
