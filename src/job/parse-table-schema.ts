/** Reads a table schema that a person or a program wrote in BigQuery's JSON schema format. */
import { FIELD_TYPES, type Field, type FieldMode, type TableSchema } from './table-schema.ts';

/** Names of types that BigQuery's older interface uses. Source: BigQuery documentation, TableFieldSchema.type. */
const OLDER_NAMES: Readonly<Record<string, Field['type']>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
};
const MODES: readonly FieldMode[] = ['NULLABLE', 'REQUIRED', 'REPEATED'];
const DETAILS = ['description', 'maxLength', 'precision', 'scale'] as const;

/** The schema; what is wrong with it is thrown as the error that `wrong` makes of it. */
export function parseTableSchema(given: unknown, wrong: (what: string) => Error): TableSchema {
  if (Array.isArray(given) && given.length > 0) return given.map((field) => parseField(field, wrong));
  throw wrong('must be a list of fields, as bq show --schema prints it');
}

function parseField(field: unknown, wrong: (what: string) => Error): Field {
  const given = (typeof field === 'object' ? field : undefined) as Readonly<Record<string, unknown>> | null;
  const { name, type: typeName, mode: modeName = 'NULLABLE', fields } = given ?? {};
  if (typeof name !== 'string' || name === '') throw wrong('has a field without a name');
  const upperType = upperCase(typeName);
  const type = OLDER_NAMES[upperType] ?? FIELD_TYPES.find((known) => known === upperType);
  if (!type) throw wrong(`gives ${name} the unknown type ${JSON.stringify(typeName)}`);
  const mode = MODES.find((known) => known === upperCase(modeName));
  if (!mode) throw wrong(`gives ${name} the unknown mode ${JSON.stringify(modeName)}`);
  const details = DETAILS.flatMap((detail) => {
    const value = given?.[detail];
    return typeof value === 'string' ? [[detail, value] as const] : [];
  });
  return {
    name,
    type,
    mode,
    ...Object.fromEntries(details),
    ...(type === 'STRUCT' ? { fields: parseTableSchema(fields, wrong) } : {}),
  };
}

function upperCase(value: unknown): string {
  return typeof value === 'string' ? value.toUpperCase() : '';
}
