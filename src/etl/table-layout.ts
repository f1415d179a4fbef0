/** Whether a new destination table can be partitioned and clustered as an organization's configuration says. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import { fieldAt, type FieldType, type TableSchema } from '../job/table-schema.ts';

// Source: BigQuery documentation, "Introduction to partitioned tables" (time-unit columns) and "… to clustered tables".
const PARTITION_TYPES: readonly FieldType[] = ['TIMESTAMP', 'DATETIME', 'DATE'];
const CLUSTERING_TYPES: readonly FieldType[] = [
  ...PARTITION_TYPES,
  ...(['BIGNUMERIC', 'BOOL', 'GEOGRAPHY', 'INT64', 'NUMERIC', 'RANGE', 'STRING'] as const),
];

/** Throws TerminalError('invalid_configuration') naming every column that is missing or of a type that will not do. */
export function assertLayout(organization: Organization, table: string, schema: TableSchema): void {
  const { organizationId, partitionField, clusteringFields } = organization;
  const problems = [
    ...problemsOf(schema, 'partition_field', [partitionField], PARTITION_TYPES),
    ...problemsOf(schema, 'clustering_fields', clusteringFields, CLUSTERING_TYPES),
  ];
  if (problems.length === 0) return;
  throw new TerminalError(
    'invalid_configuration',
    `${table} cannot be made: ${problems.join('; ')}; mend it with org set ${organizationId} --partition-field or --clustering-fields`,
  );
}

function problemsOf(
  schema: TableSchema,
  setting: string,
  names: readonly string[],
  types: readonly FieldType[],
): readonly string[] {
  return names.flatMap((name) => {
    const field = fieldAt(schema, name);
    if (!field) return [`${setting} names ${name}, which it would not have`];
    if (types.includes(field.type) && field.mode !== 'REPEATED' && !name.includes('.')) return [];
    return [
      `${setting} names ${name}, a ${field.mode} ${field.type}, but needs a top-level ${types.join(', ')}`,
    ];
  });
}
