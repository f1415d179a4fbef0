/** The schema of a table in BigQuery's terms, and the two lineage columns every destination carries. */

export const FIELD_TYPES = [
  'INT64',
  'FLOAT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'STRING',
  'BYTES',
  'DATE',
  'TIME',
  'DATETIME',
  'TIMESTAMP',
  'JSON',
  'GEOGRAPHY',
  'INTERVAL',
  'RANGE',
  'STRUCT',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];
export type FieldMode = 'NULLABLE' | 'REQUIRED' | 'REPEATED';

/** One column or nested field; fields only for STRUCT, rangeElementType only for RANGE. */
export type Field = {
  readonly name: string;
  readonly type: FieldType;
  readonly mode: FieldMode;
  readonly fields?: readonly Field[];
  readonly description?: string;
  readonly rangeElementType?: 'DATE' | 'DATETIME' | 'TIMESTAMP';
  readonly maxLength?: string;
  readonly precision?: string;
  readonly scale?: string;
};
export type TableSchema = readonly Field[];

export const LINEAGE_JOB_ID = '_etl_job_id';
export const LINEAGE_CURSOR = '_etl_cursor';

/** The columns added beside the source's own. Source: spec.md §5, step 3. */
export const LINEAGE_FIELDS: TableSchema = [
  {
    name: LINEAGE_JOB_ID,
    type: 'STRING',
    mode: 'NULLABLE',
    description: 'organization/job/plan number that wrote this row',
  },
  {
    name: LINEAGE_CURSOR,
    type: 'TIMESTAMP',
    mode: 'NULLABLE',
    description: 'value of the cursor column at the source',
  },
];

/** Types whose values BigQuery may give back as another text than it was given, or that rows of JavaScript values have none of. */
export const UNDIGESTED_TYPES: readonly FieldType[] = ['JSON', 'GEOGRAPHY', 'INTERVAL', 'RANGE'];

/** The fields by name, whatever its case. */
export function sortedByName(schema: TableSchema): TableSchema {
  const lower = ({ name }: Field): string => name.toLowerCase();
  return [...schema].sort((a, b) => (lower(a) < lower(b) ? -1 : 1));
}

/** The field at a dotted path (`credits.amount`), or undefined. */
export function fieldAt(schema: TableSchema, path: string): Field | undefined {
  const [head, ...rest] = path.split('.');
  const field = schema.find((candidate) => candidate.name.toLowerCase() === head?.toLowerCase());
  return !field || rest.length === 0 ? field : fieldAt(field.fields ?? [], rest.join('.'));
}
