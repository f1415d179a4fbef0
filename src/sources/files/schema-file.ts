/** The columns of a folder of CSV files, as `_schema.json` beside them says it in BigQuery's JSON schema format. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TerminalError } from '../../job/errors.ts';
import { FIELD_TYPES, type Field, type FieldMode, type TableSchema } from '../../job/table-schema.ts';
import { isMissing, unreadable } from './file-folder.ts';

/** The name of the file; what `bq show --schema` prints can be saved under it as it is. */
export const SCHEMA_FILE = '_schema.json';

/** Names of types that BigQuery's older interface uses. Source: BigQuery documentation, TableFieldSchema.type. */
const OLDER_NAMES: Readonly<Record<string, Field['type']>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
};
const MODES: readonly FieldMode[] = ['NULLABLE', 'REQUIRED', 'REPEATED'];

/** The schema, or undefined when the folder has no such file; throws a TerminalError naming what in it is wrong. */
export async function readSchemaFile(folder: string): Promise<TableSchema | undefined> {
  const path = join(folder, SCHEMA_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  });
  return text === undefined ? undefined : parseSchema(path, text);
}

function parseSchema(path: string, text: string): TableSchema {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw wrong(path, `is no JSON: ${(error as Error).message}`);
  }
  return fieldsOf(path, parsed);
}

function fieldsOf(path: string, fields: unknown): TableSchema {
  if (Array.isArray(fields) && fields.length > 0) return fields.map((field) => fieldOf(path, field));
  throw wrong(path, 'must be a list of fields, as bq show --schema prints it');
}

function fieldOf(path: string, field: unknown): Field {
  const given = (typeof field === 'object' ? field : undefined) as Readonly<Record<string, unknown>> | null;
  const { name, type: typeName, mode: modeName = 'NULLABLE', fields } = given ?? {};
  if (typeof name !== 'string' || name === '') throw wrong(path, 'has a field without a name');
  const upperType = upperCase(typeName);
  const type = OLDER_NAMES[upperType] ?? FIELD_TYPES.find((known) => known === upperType);
  if (!type) throw wrong(path, `gives ${name} the unknown type ${JSON.stringify(typeName)}`);
  const mode = MODES.find((known) => known === upperCase(modeName));
  if (!mode) throw wrong(path, `gives ${name} the unknown mode ${JSON.stringify(modeName)}`);
  return { name, type, mode, ...(type === 'STRUCT' ? { fields: fieldsOf(path, fields) } : {}) };
}

function upperCase(value: unknown): string {
  return typeof value === 'string' ? value.toUpperCase() : '';
}

function wrong(path: string, what: string): TerminalError {
  return new TerminalError('invalid_configuration', `${path} ${what}`);
}
