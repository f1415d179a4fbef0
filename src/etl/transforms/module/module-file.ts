/** A transform's file: loaded, checked and named by its version. Used within a transform's thread only, since it runs the file. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { tableSchemaMessage } from '../../../columnar/table-schema-message.ts';
import { messageOf, TerminalError } from '../../../job/errors.ts';
import { parseTableSchema } from '../../../job/parse-table-schema.ts';
import { fieldAt, type TableSchema } from '../../../job/table-schema.ts';
import type { TransformModule } from '../module-transform.ts';

/** A loaded module with what decides which rows it makes: the content of its file and the version it exports. */
export type LoadedModule = { readonly module: TransformModule; readonly version: string };

const CURSOR_TYPES: readonly string[] = ['TIMESTAMP', 'DATETIME', 'DATE'];

/** Throws TerminalError('invalid_configuration') for a file that cannot be loaded or does not export what a transform must. */
export async function loadModule(path: string): Promise<LoadedModule> {
  const exported = (await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw wrong(path, `cannot be loaded: ${messageOf(error)}`);
  })) as Readonly<Record<string, unknown>>;
  const { transformRows, columns, cursor, version = '' } = exported;
  if (typeof transformRows !== 'function') throw wrong(path, 'exports no function transformRows');
  if (typeof columns !== 'function' && !Array.isArray(columns))
    throw wrong(
      path,
      "exports no columns, neither a list of them nor a function that makes it of the source's",
    );
  if (typeof cursor !== 'string')
    throw wrong(path, 'exports no cursor, the name of the column that keeps the cursor');
  if (typeof version !== 'string') throw wrong(path, 'exports a version that is no text');
  const content = await readFile(path);
  const hash = createHash('sha256').update(content).update('\0').update(version).digest('hex');
  return { module: exported as unknown as TransformModule, version: hash };
}

/** The columns that a module makes of a source's; throws TerminalError('invalid_configuration') for what is no schema. */
export function columnsOf(
  path: string,
  { columns, cursor }: TransformModule,
  source: TableSchema,
): TableSchema {
  const made: unknown = typeof columns === 'function' ? columns(source) : columns;
  const schema = parseTableSchema(made, (what) =>
    wrong(path, `exports columns that are no schema: it ${what}`),
  );
  // Refuses types that rows of JavaScript values do not have.
  tableSchemaMessage(schema);
  const field = fieldAt(schema, cursor);
  if (!field || cursor.includes('.') || field.mode === 'REPEATED' || !CURSOR_TYPES.includes(field.type))
    throw wrong(
      path,
      `names the cursor ${cursor}, which is no TIMESTAMP, DATETIME or DATE column of its columns`,
    );
  return schema;
}

function wrong(path: string, what: string): TerminalError {
  return new TerminalError('invalid_configuration', `the transform module ${path} ${what}`);
}
