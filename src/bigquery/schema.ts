/** Table schemas as BigQuery's REST API writes them, and as the rest of the code knows them. */
import { TerminalError } from '../job/errors.ts';
import {
  FIELD_TYPES,
  type Field,
  type FieldMode,
  type FieldType,
  type TableSchema,
} from '../job/table-schema.ts';

/** A field of the REST API; what is not named here (policy tags, defaults, collation) is carried along untouched. */
export type RestField = {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly fields?: readonly RestField[];
  readonly description?: string;
  readonly rangeElementType?: { readonly type?: string };
  readonly maxLength?: string;
  readonly precision?: string;
  readonly scale?: string;
};

/** The older names by which the REST API answers. Source: BigQuery documentation, TableFieldSchema.type. */
const ALIASES: Readonly<Record<string, FieldType>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
  DECIMAL: 'NUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
};

/** What is sent: the older names, which every version of the API takes. */
const SENT_NAMES: Partial<Record<FieldType, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  STRUCT: 'RECORD',
};

/** Reads a schema; throws TerminalError('unsupported') for a column type this code does not know. */
export function fromRestFields(fields: readonly RestField[], parent = ''): TableSchema {
  return fields.map((field) => fromRestField(field, parent === '' ? field.name : `${parent}.${field.name}`));
}

function fromRestField(field: RestField, path: string): Field {
  const range = field.rangeElementType?.type?.toUpperCase();
  return {
    name: field.name,
    type: fieldType(field.type, path),
    mode: (field.mode ?? 'NULLABLE').toUpperCase() as FieldMode,
    ...(field.fields?.length && { fields: fromRestFields(field.fields, path) }),
    ...(field.description !== undefined && { description: field.description }),
    ...(range !== undefined && { rangeElementType: range as NonNullable<Field['rangeElementType']> }),
    ...(field.maxLength !== undefined && { maxLength: field.maxLength }),
    ...(field.precision !== undefined && { precision: field.precision }),
    ...(field.scale !== undefined && { scale: field.scale }),
  };
}

function fieldType(name: string, path: string): FieldType {
  const upper = name.toUpperCase();
  const type = ALIASES[upper] ?? FIELD_TYPES.find((known) => known === upper);
  if (type) return type;
  throw new TerminalError(
    'unsupported',
    `column ${path} has type ${name}, which this version does not copy; export a table without that column`,
  );
}

/** Writes a schema. */
export function toRestFields(schema: TableSchema): RestField[] {
  return schema.map((field) => {
    const { fields, rangeElementType, ...rest } = field;
    return {
      ...rest,
      type: SENT_NAMES[field.type] ?? field.type,
      ...(fields && { fields: toRestFields(fields) }),
      ...(rangeElementType && { rangeElementType: { type: rangeElementType } }),
    };
  });
}

/**
 * The table's own fields brought to the wanted schema by additions and relaxed modes only; whatever else the table says
 * of a field (policy tags, defaults) stays, because sending a field without them would take them away.
 */
export function evolvedFields(current: readonly RestField[], wanted: TableSchema): RestField[] {
  const known = new Map(current.map((field) => [field.name.toLowerCase(), field]));
  const kept = current.map((field) => evolved(field, find(wanted, field.name)));
  const added = wanted.filter((field) => !known.has(field.name.toLowerCase()));
  return [...kept, ...toRestFields(added)];
}

function evolved(current: RestField, wanted: Field | undefined): RestField {
  if (!wanted) return current;
  const relaxed = current.mode === 'REQUIRED' && wanted.mode === 'NULLABLE';
  return {
    ...current,
    ...(relaxed && { mode: 'NULLABLE' }),
    ...(current.fields && wanted.fields && { fields: evolvedFields(current.fields, wanted.fields) }),
  };
}

function find(schema: TableSchema, name: string): Field | undefined {
  return schema.find((field) => field.name.toLowerCase() === name.toLowerCase());
}
