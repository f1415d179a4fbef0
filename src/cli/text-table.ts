/** Aligned columns for people; text from outside is made harmless. */
import { escapeControls } from '../observability/log-line.ts';
import type { Paint, Style } from './paint.ts';

export type Column<T> = {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
  readonly style?: (row: T) => Style | undefined;
};

/** A line of titles, then a line for each row; no blanks at line ends. */
export function textTable<T>(rows: readonly T[], columns: readonly Column<T>[], paint: Paint): string {
  const cells = rows.map((row) => columns.map((column) => escapeControls(column.value(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const pad = (text: string, index: number): string => {
    if (columns[index]?.align === 'right') return text.padStart(widths[index] ?? 0);
    return index === columns.length - 1 ? text : text.padEnd(widths[index] ?? 0);
  };
  const titles = columns.map(({ title }, index) => paint('bold', pad(title, index))).join('  ');
  const lines = rows.map((row, rowIndex) =>
    columns
      .map(({ style }, index) => paint(style?.(row), pad(cells[rowIndex]?.[index] ?? '', index)))
      .join('  ')
      .trimEnd(),
  );
  return [titles, ...lines].join('\n');
}

/** Lines of `name  value`, aligned; further lines of a value stand below its first, where no name can stand. */
export function fieldList(fields: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  const below = `\n${' '.repeat(width)}  `;
  return fields
    .map(([name, value]) => {
      const lines = value.split('\n').map(escapeControls);
      return `${paint('dim', name.padEnd(width))}  ${lines.join(below)}`;
    })
    .join('\n');
}
