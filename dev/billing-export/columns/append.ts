// The vocabulary in which line-writer.ts says which value of a row goes into which column.
import type { EncodedText } from '../encoded-text.ts';
import type { Ancestors, KeyValues, TagSet } from '../world/key-values.ts';
import { BoolColumn } from './bool-column.ts';
import { Float64Column } from './float64-column.ts';
import { ListColumn } from './list-column.ts';
import { NumericColumn } from './numeric-column.ts';
import { StructColumn } from './struct-column.ts';
import type { TableColumns } from './table-columns.ts';
import { TimestampColumn } from './timestamp-column.ts';
import { Utf8Column } from './utf8-column.ts';

/** Finds its column below a path prefix and returns what appends a value's part to it. */
export type Appender<T> = (columns: TableColumns, prefix: string) => (value: T) => void;

/** A STRING column; undefined is NULL. */
export function text<T>(name: string, get: (value: T) => EncodedText | undefined): Appender<T> {
  return (columns, prefix) => {
    const column = columns.column(prefix + name, Utf8Column);
    return (value) => column.append(get(value));
  };
}

/** A FLOAT64 column; undefined is NULL. */
export function float<T>(name: string, get: (value: T) => number | undefined): Appender<T> {
  return (columns, prefix) => {
    const column = columns.column(prefix + name, Float64Column);
    return (value) => column.append(get(value));
  };
}

/** A NUMERIC column of whole billionths; undefined is NULL. */
export function numeric<T>(name: string, getBillionths: (value: T) => number | undefined): Appender<T> {
  return (columns, prefix) => {
    const column = columns.column(prefix + name, NumericColumn);
    return (value) => column.append(getBillionths(value));
  };
}

/** A TIMESTAMP column of microseconds. */
export function timestamp<T>(name: string, getMicros: (value: T) => number): Appender<T> {
  return (columns, prefix) => {
    const column = columns.column(prefix + name, TimestampColumn);
    return (value) => column.append(getMicros(value));
  };
}

/** A RECORD column; undefined is a NULL struct, unlike a struct whose fields are all NULL. */
export function record<T, R>(
  name: string,
  get: (value: T) => R | undefined,
  fields: readonly Appender<R>[],
): Appender<T> {
  return (columns, prefix) => {
    const column = columns.column(prefix + name, StructColumn);
    const append = together(columns, `${prefix}${name}.`, fields);
    return (value) => {
      const part = get(value);
      if (part === undefined) {
        column.appendNull();
        return;
      }
      column.appendPresent(1);
      append(part);
    };
  };
}

/** A REPEATED RECORD column with one entry for each item. */
export function records<T, R>(
  name: string,
  get: (value: T) => readonly R[],
  fields: readonly Appender<R>[],
): Appender<T> {
  return (columns, prefix) => {
    const { list, struct } = structList(columns, prefix + name);
    const append = together(columns, `${prefix}${name}.`, fields);
    return (value) => {
      const items = get(value);
      for (let i = 0; i < items.length; i++) append(items[i] as R);
      struct.appendPresent(items.length);
      list.closeRow();
    };
  };
}

/** A REPEATED RECORD of key and value, from labels encoded beforehand. */
export function labelRecords<T>(name: string, get: (value: T) => KeyValues): Appender<T> {
  return (columns, prefix) => {
    const { list, struct } = structList(columns, prefix + name);
    const keys = columns.column(`${prefix}${name}.key`, Utf8Column);
    const values = columns.column(`${prefix}${name}.value`, Utf8Column);
    return (value) => {
      const labels = get(value);
      keys.appendAll(labels.keys);
      values.appendAll(labels.values);
      struct.appendPresent(labels.count);
      list.closeRow();
    };
  };
}

/** The REPEATED RECORD `tags`. */
export function tagRecords<T>(name: string, get: (value: T) => TagSet): Appender<T> {
  const labels = labelRecords(name, get);
  return (columns, prefix) => {
    const appendLabels = labels(columns, prefix);
    const inherited = columns.column(`${prefix}${name}.inherited`, BoolColumn);
    const namespaces = columns.column(`${prefix}${name}.namespace`, Utf8Column);
    return (value) => {
      const tags = get(value);
      inherited.appendAll(tags.inherited);
      namespaces.appendAll(tags.namespaces);
      appendLabels(value);
    };
  };
}

/** The REPEATED RECORD `project.ancestors`. */
export function ancestorRecords<T>(name: string, get: (value: T) => Ancestors): Appender<T> {
  return (columns, prefix) => {
    const { list, struct } = structList(columns, prefix + name);
    const resourceNames = columns.column(`${prefix}${name}.resource_name`, Utf8Column);
    const displayNames = columns.column(`${prefix}${name}.display_name`, Utf8Column);
    return (value) => {
      const ancestors = get(value);
      resourceNames.appendAll(ancestors.resourceNames);
      displayNames.appendAll(ancestors.displayNames);
      struct.appendPresent(ancestors.count);
      list.closeRow();
    };
  };
}

/** What appends the value's part to every one of the columns. */
export function together<T>(
  columns: TableColumns,
  prefix: string,
  appenders: readonly Appender<T>[],
): (value: T) => void {
  const appends = appenders.map((appender) => appender(columns, prefix));
  return (value) => {
    for (let i = 0; i < appends.length; i++) (appends[i] as (value: T) => void)(value);
  };
}

function structList(columns: TableColumns, path: string): { list: ListColumn; struct: StructColumn } {
  const list = columns.column(path, ListColumn);
  return { list, struct: list.child as StructColumn };
}
