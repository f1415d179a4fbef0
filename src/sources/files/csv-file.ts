/** Reads the rows of a CSV file with a header line (RFC 4180, UTF-8), typed as the folder's schema says. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { Row } from '../../columnar/row-value.ts';
import { TerminalError } from '../../job/errors.ts';
import type { TableSchema } from '../../job/table-schema.ts';
import { cellValue } from './csv-cell.ts';
import { unreadable, type DataFile } from './file-folder.ts';

const ROWS_AT_ONCE = 500;

/**
 * The rows in their order, some at once. An empty cell is NULL, a quoted empty one the empty text; a column the file does
 * not have is NULL. Throws a TerminalError naming file and line for a cell that does not fit, a column the schema does not
 * have, or a line that is no CSV.
 */
export async function* csvRows(file: DataFile, schema: TableSchema): AsyncGenerator<readonly Row[]> {
  const columns = new Map(schema.map((field) => [field.name, field]));
  let line = 1;
  let rows: Row[] = [];
  for await (const cells of linesOf(file, columns.keys())) {
    line += 1;
    rows.push(
      Object.fromEntries(
        Object.entries(cells).map(([name, text]) => {
          const field = columns.get(name);
          return [name, field ? cellValue(field, text, `${file.path}, row ${line}`) : null];
        }),
      ),
    );
    if (rows.length === ROWS_AT_ONCE) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

type Cells = Readonly<Record<string, string | null>>;

async function* linesOf(file: DataFile, columns: Iterable<string>): AsyncGenerator<Cells> {
  const known = new Set(columns);
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkedHeader(file, header, known),
    cast: (text, { quoting }) => (text === '' && !quoting ? null : text),
  });
  const bytes = createReadStream(file.path);
  bytes.on('error', (error) => parser.destroy(unreadable(file.path, error)));
  try {
    for await (const cells of bytes.pipe(parser)) yield cells as Cells;
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('CSV_') !== true) throw error;
    throw new TerminalError('row_rejected', `${file.path} is no CSV: ${(error as Error).message}`);
  } finally {
    bytes.destroy();
  }
}

function checkedHeader(file: DataFile, header: string[], known: ReadonlySet<string>): string[] {
  const unknown = header.filter((name) => !known.has(name));
  if (unknown.length === 0) return header;
  throw new TerminalError(
    'schema_drift',
    `${file.path} has columns that the schema beside it does not: ${unknown.join(', ')}; add them to the schema or take them out of the file`,
  );
}
