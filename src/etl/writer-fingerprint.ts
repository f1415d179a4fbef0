/** Tells whether this process would write the same bytes as the one that began a plan's write streams. */
import { createHash } from 'node:crypto';
import type { Organization } from '../job/organization.ts';
import type { TableSchema } from '../job/table-schema.ts';
import type { RunSettings } from './run.ts';

/** Equal for two writers only if build, transform (a module by its version), cursor, schema and batch settings are. */
export function writerFingerprint(
  organization: Pick<Organization, 'transform' | 'cursorField'> & { readonly version?: string | undefined },
  schema: TableSchema,
  settings: Pick<RunSettings, 'build' | 'batchRows'>,
): string {
  const parts = [
    settings.build,
    organization.transform,
    organization.cursorField,
    organization.version,
    schema,
    settings.batchRows,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
