// Tables of the source `files`, in folders of a test's own.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { TableRef } from '../../src/job/table-ref.ts';
import { uniqueName } from './eventually.ts';

/** The type of each column by its name. */
export type ColumnTypes = Readonly<Record<string, string>>;

/** A folder that tables can be made in, removed after the test. */
export async function sourcesFolder(context: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'pulse-billing-etl-sources-'));
  context.after(() => rm(root, { recursive: true }));
  return root;
}

/** A new table without rows, and the folder for its files; it has no schema file where no columns are given. */
export async function newTableFolder(
  root: string,
  columns?: ColumnTypes,
): Promise<{ readonly table: TableRef; readonly folder: string }> {
  const table = { project: 'vendor', dataset: uniqueName('bills'), table: 'acme' };
  const folder = join(root, table.project, table.dataset, table.table);
  await mkdir(folder, { recursive: true });
  if (columns) {
    const schema = Object.entries(columns).map(([name, type]) => ({ name, type }));
    await writeFile(join(folder, '_schema.json'), JSON.stringify(schema));
  }
  return { table, folder };
}
