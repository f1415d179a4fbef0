/** Columns and indices as the migrations write them, portable through the dialect's column types. */
import { TableIndex, type QueryRunner, type TableColumnOptions } from 'typeorm';
import { COLUMN_TYPES, type ColumnTypes } from '../dialect.ts';

/** Every organization and job name has at most this many characters. Source: spec.md §3. */
export const NAME_LENGTH = 255;

type Nullable = { readonly nullable?: boolean };

/** Writes columns in the types of the database the migration runs on. */
export function columnsFor(runner: QueryRunner) {
  const types: ColumnTypes =
    COLUMN_TYPES[runner.dataSource.options.type === 'better-sqlite3' ? 'sqlite' : 'mysql'];
  const named = (name: string, { nullable = false }: Nullable) => ({ name, isNullable: nullable });
  return {
    id: (): TableColumnOptions => ({
      name: 'id',
      ...types.id,
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    }),
    text: (
      name: string,
      length: number,
      options: Nullable & { readonly default?: string } = {},
    ): TableColumnOptions => ({
      ...named(name, options),
      ...types.text,
      length: String(length),
      ...(options.default === undefined ? {} : { default: `'${options.default}'` }),
    }),
    asciiText: (name: string, length: number): TableColumnOptions => ({
      ...named(name, {}),
      ...types.asciiText,
      length: String(length),
    }),
    longText: (name: string, options: Nullable = {}): TableColumnOptions => ({
      ...named(name, options),
      ...types.longText,
    }),
    whole: (name: string, options: Nullable & { readonly default?: number } = {}): TableColumnOptions => ({
      ...named(name, options),
      ...types.whole,
      ...(options.default === undefined ? {} : { default: options.default }),
    }),
    flag: (name: string): TableColumnOptions => ({ ...named(name, {}), ...types.flag, default: 0 }),
  };
}

/** An index over these columns, under a name that says which. */
export function index(table: string, columnNames: string[], unique = false): TableIndex {
  return new TableIndex({
    name: `${table}_${unique ? 'unique' : 'by'}_${columnNames[0] ?? ''}`,
    columnNames,
    isUnique: unique,
  });
}
