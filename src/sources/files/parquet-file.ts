/** Reads the rows of a Parquet file, a row group or a part of one at a time. */
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row } from '../../columnar/row-value.ts';
import { TerminalError } from '../../job/errors.ts';
import type { TableSchema } from '../../job/table-schema.ts';
import { unreadable, type DataFile } from './file-folder.ts';
import { asStored, parquetColumns, schemaOf } from './parquet-schema.ts';

/** Rows decoded at once: more of a large row group would only take memory. */
const ROWS_AT_ONCE = 20_000;

type Opened = {
  readonly buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  readonly metadata: FileMetaData;
};

/** The columns the file has; throws a JobError naming the file when it is no Parquet or holds what cannot be carried. */
export async function parquetFileSchema(file: DataFile): Promise<TableSchema> {
  const { metadata } = await open(file);
  return schemaOf(parquetColumns(metadata, file.path));
}

/** The rows in their order, some at once. */
export async function* parquetRows(file: DataFile): AsyncGenerator<readonly Row[]> {
  const { buffer, metadata } = await open(file);
  const columns = parquetColumns(metadata, file.path);
  const stored = asStored(metadata);
  for (const { rowStart, rowEnd } of parts(metadata)) {
    const rows = await parquetReadObjects({
      file: buffer,
      metadata: stored,
      rowStart,
      rowEnd,
      utf8: false,
      compressors,
    }).catch((error: unknown) => {
      throw broken(file, error);
    });
    yield rows.map((row) =>
      Object.fromEntries(columns.map(({ field, value }) => [field.name, value(row[field.name])])),
    );
  }
}

async function open(file: DataFile): Promise<Opened> {
  const buffer = await asyncBufferFromFile(file.path).catch((error: unknown) => {
    throw unreadable(file.path, error);
  });
  const metadata = await parquetMetadataAsync(buffer).catch((error: unknown) => {
    throw broken(file, error);
  });
  return { buffer, metadata };
}

function parts({ row_groups: groups }: FileMetaData): { rowStart: number; rowEnd: number }[] {
  const found: { rowStart: number; rowEnd: number }[] = [];
  let groupStart = 0;
  for (const group of groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    for (let rowStart = groupStart; rowStart < groupEnd; rowStart += ROWS_AT_ONCE)
      found.push({ rowStart, rowEnd: Math.min(rowStart + ROWS_AT_ONCE, groupEnd) });
    groupStart = groupEnd;
  }
  return found;
}

function broken(file: DataFile, error: unknown): TerminalError {
  return new TerminalError(
    'row_rejected',
    `${file.path} is no readable Parquet file: ${(error as Error).message}`,
  );
}
