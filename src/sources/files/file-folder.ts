/** The files of a table: everything in its folder that was complete at a snapshot. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TransientError } from '../../job/errors.ts';
import type { Micros } from '../../job/instant.ts';
import type { TableRef } from '../../job/table-ref.ts';

/** A file with what tells whether it is still the same. */
export type DataFile = {
  readonly path: string;
  readonly name: string;
  readonly format: 'csv' | 'parquet';
  readonly bytes: number;
  readonly modifiedAt: Micros;
};

/** Where a table's files lie: `<root>/<project>/<dataset>/<table>`. */
export function folderOf(root: string, { project, dataset, table }: TableRef): string {
  return join(root, project, dataset, table);
}

/**
 * CSV and Parquet files last modified at the snapshot or before, by name; undefined when there is no such folder. Names
 * beginning with `_` or `.` are none of ours: writers use them for files in the making.
 */
export async function filesAt(folder: string, snapshot?: Micros): Promise<readonly DataFile[] | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw unreadable(folder, error);
  });
  const files = await Promise.all((names ?? []).filter(isData).map((name) => dataFile(folder, name)));
  return names && files.filter((file) => snapshot === undefined || file.modifiedAt <= snapshot).sort(byName);
}

/** Text that changes when any file was added, removed or changed. */
export function fingerprintOf(files: readonly DataFile[]): string {
  const lines = files.map(({ name, bytes, modifiedAt }) => `${name} ${bytes} ${modifiedAt}\n`);
  return createHash('sha256').update(lines.join('')).digest('base64url').slice(0, 22);
}

/** The error for a file or folder that the operating system does not let us read; it may do so later. */
export function unreadable(path: string, error: unknown): TransientError {
  return new TransientError('warehouse_unavailable', `${path} cannot be read: ${(error as Error).message}`);
}

/** Whether an error of the operating system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isData(name: string): boolean {
  return /^[^._].*\.(csv|parquet)$/i.test(name);
}

async function dataFile(folder: string, name: string): Promise<DataFile> {
  const path = join(folder, name);
  const { size, mtimeNs } = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const format = name.toLowerCase().endsWith('.csv') ? 'csv' : 'parquet';
  return { path, name, format, bytes: Number(size), modifiedAt: mtimeNs / 1000n };
}

function byName(a: DataFile, b: DataFile): number {
  return a.name < b.name ? -1 : 1;
}
