/** The columns of a folder of CSV files, as `_schema.json` beside them says it in BigQuery's JSON schema format. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TerminalError } from '../../job/errors.ts';
import { parseTableSchema } from '../../job/parse-table-schema.ts';
import type { TableSchema } from '../../job/table-schema.ts';
import { isMissing, unreadable } from './file-folder.ts';

/** The name of the file; what `bq show --schema` prints can be saved under it as it is. */
export const SCHEMA_FILE = '_schema.json';

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
  return parseTableSchema(parsed, (what) => wrong(path, what));
}

function wrong(path: string, what: string): TerminalError {
  return new TerminalError('invalid_configuration', `${path} ${what}`);
}
