/** The rows of a table of files: its schema over all files, and the rows of some of them within a window. */
import { instantOf } from '../../columnar/civil-time.ts';
import type { Row } from '../../columnar/row-value.ts';
import type { Slice } from '../../etl/source.ts';
import type { Micros } from '../../job/instant.ts';
import type { TableSchema } from '../../job/table-schema.ts';
import { TerminalError } from '../../job/errors.ts';
import { csvRows } from './csv-file.ts';
import type { DataFile } from './file-folder.ts';
import { parquetFileSchema, parquetRows } from './parquet-file.ts';
import { readSchemaFile, SCHEMA_FILE } from './schema-file.ts';

/** What the folder's schema file says, else the columns of all its Parquet files together; undefined for an empty folder. */
export async function tableSchema(
  folder: string,
  files: readonly DataFile[],
): Promise<TableSchema | undefined> {
  const written = await readSchemaFile(folder);
  if (written) return written;
  const csv = files.find((file) => file.format === 'csv');
  if (csv) {
    throw new TerminalError(
      'invalid_configuration',
      `${csv.path} is a CSV file, which says nothing of its types; put ${SCHEMA_FILE} beside it, as bq show --schema prints it`,
    );
  }
  const schemas = await Promise.all(files.map(parquetFileSchema));
  return schemas.length === 0 ? undefined : schemas.reduce((all, next) => merged(all, next));
}

/** All rows of a file, some at once. */
export function rowsOfFile(file: DataFile, schema: TableSchema): AsyncGenerator<readonly Row[]> {
  return file.format === 'csv' ? csvRows(file, schema) : parquetRows(file);
}

/** Rows of the files whose cursor lies in the window, in the order of the files. */
export async function* rowsWithin(
  files: readonly DataFile[],
  schema: TableSchema,
  { cursorField, window }: Pick<Slice, 'cursorField' | 'window'>,
): AsyncGenerator<readonly Row[]> {
  const cursor = cursorOf(schema, cursorField);
  for (const file of files) {
    for await (const rows of rowsOfFile(file, schema)) {
      const within = rows.filter((row) => {
        const at = cursor(row);
        return at !== undefined && (window.lo === undefined || at > window.lo) && at <= window.hi;
      });
      if (within.length > 0) yield within;
    }
  }
}

/** How a row's cursor is found: undefined for NULL. */
export function cursorOf(schema: TableSchema, cursorField: string): (row: Row) => Micros | undefined {
  const field = schema.find(({ name }) => name === cursorField);
  if (field) return (row) => instantOf(field, row[cursorField] ?? null);
  throw new TerminalError('invalid_configuration', `the files have no column ${cursorField}, the cursor`);
}

/** A column of both must be of one type; one that a file lacks may be NULL. */
function merged(all: TableSchema, next: TableSchema): TableSchema {
  const differing = next.find((field) =>
    all.some(({ name, type }) => name === field.name && type !== field.type),
  );
  if (differing)
    throw new TerminalError(
      'schema_drift',
      `column ${differing.name} has different types in different files`,
    );
  const added = next.filter((field) => !all.some(({ name }) => name === field.name));
  return [...all, ...added].map((field) =>
    [all, next].every((schema) => schema.some(({ name }) => name === field.name)) || field.mode !== 'REQUIRED'
      ? field
      : { ...field, mode: 'NULLABLE' },
  );
}
