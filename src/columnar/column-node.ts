/** A schema's fields in one flat list, in the order in which Arrow's record batches describe them. */
import type { ArrowField } from './arrow-field.ts';
import type { Layout, Meaning } from './arrow-type.ts';

/** One field of the schema at its place in a record batch: parents before their children, columns in order. */
export type ColumnNode = {
  readonly index: number;
  /** The field this one is nested in; undefined for a column. */
  readonly parent: ColumnNode | undefined;
  readonly name: string;
  readonly path: string;
  readonly kind: Layout['kind'];
  /** Bytes of a value or of an offset, as the layout says. */
  readonly bytes: number;
  readonly meaning: Meaning;
  /** Number of its first buffer: validity, then offsets, then data, as far as its kind has them. */
  readonly validityBuffer: number;
};

/** Buffers a record batch has for a field of this kind. Source: Arrow's columnar format, "Buffer Listing for Each Layout". */
const BUFFERS_OF: Readonly<Record<Layout['kind'], number>> = {
  null: 0,
  struct: 1,
  bits: 2,
  fixed: 2,
  list: 2,
  variable: 3,
};

/** Lays out columns and all that is nested in them. */
export function columnNodes(columns: readonly ArrowField[]): ColumnNode[] {
  const nodes: ColumnNode[] = [];
  let buffers = 0;
  const place = (field: ArrowField, parent: ColumnNode | undefined): void => {
    const { name, path, meaning } = field;
    const { kind, bytes } = field.layout;
    const node = { index: nodes.length, parent, name, path, kind, bytes, meaning, validityBuffer: buffers };
    nodes.push(node);
    buffers += BUFFERS_OF[kind];
    for (const child of field.children) place(child, node);
  };
  for (const column of columns) place(column, undefined);
  return nodes;
}

/** Number of buffers in a record batch of these nodes. */
export function bufferCount(nodes: readonly ColumnNode[]): number {
  return nodes.reduce((count, node) => count + BUFFERS_OF[node.kind], 0);
}

/** The field at a dotted path, by names that differ in case at most; the item of a list stands for the list. */
export function nodeAt(nodes: readonly ColumnNode[], path: string): ColumnNode | undefined {
  const wanted = path.toLowerCase();
  return nodes.findLast((node) => node.path.toLowerCase() === wanted);
}
