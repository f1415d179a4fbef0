/** The columns of an Arrow schema, as far as copying them and adding them up needs to know them. */
import { TerminalError } from '../job/errors.ts';
import { arrowType, type Layout, type Meaning } from './arrow-type.ts';
import type { FlatTable } from './flat-table.ts';

/** One column or nested field; path is dotted, and the item of a list has the path of its list. */
export type ArrowField = {
  readonly name: string;
  readonly path: string;
  readonly layout: Layout;
  readonly meaning: Meaning;
  readonly children: readonly ArrowField[];
};

/** Slots of the Field table. Source: Arrow's format/Schema.fbs. */
export const FIELD = { name: 0, nullable: 1, typeNumber: 2, type: 3, dictionary: 4, children: 5 } as const;

/** Reads a column with all it holds; throws TerminalError('unsupported') naming the column whose type cannot be copied. */
export function readColumn(column: FlatTable): ArrowField {
  return readField(column, nameOf(column));
}

function readField(field: FlatTable, path: string): ArrowField {
  if (field.table(FIELD.dictionary)) throw unsupported(path, 'is dictionary-encoded');
  const number = field.uint8(FIELD.typeNumber);
  const type = field.table(FIELD.type);
  const known = type && arrowType(number, type);
  if (!known) throw unsupported(path, `has Arrow type number ${number}`);
  // The item of a list carries a name that is no part of any column's path.
  const children = field
    .tables(FIELD.children)
    .map((child) => readField(child, known.layout.kind === 'list' ? path : `${path}.${nameOf(child)}`));
  return { name: nameOf(field), path, ...known, children };
}

function nameOf(field: FlatTable): string {
  return field.string(FIELD.name) ?? '';
}

function unsupported(path: string, what: string): TerminalError {
  return new TerminalError(
    'unsupported',
    `column ${path} ${what}, which cannot be copied as Arrow rows; use the query write path for this table`,
  );
}
