/** A run of rows of one message, and which values they take at every field. */
import { firstZero } from './bitmap.ts';
import type { ColumnNode } from './column-node.ts';
import type { IncomingRows } from './incoming-rows.ts';

/** The values [start, end) of a field; firstNull is the first NULL at or after start, at least end when there is none before it. */
export type Span = { readonly start: number; end: number; readonly firstNull: number };

/** Rows [startRow, endRow) of a message; the end can be moved back and forth up to where it was at first. */
export class Slice {
  readonly rows: IncomingRows;
  readonly startRow: number;
  endRow: number;
  /** By node. */
  readonly spans: readonly Span[];
  readonly #nodes: readonly ColumnNode[];

  constructor(nodes: readonly ColumnNode[], rows: IncomingRows, startRow: number, endRow: number) {
    this.rows = rows;
    this.startRow = startRow;
    this.endRow = endRow;
    this.#nodes = nodes;
    const spans: Span[] = [];
    for (const node of nodes) spans.push(this.#span(node, spans));
    this.spans = spans;
  }

  /** Ends the slice before another row. */
  endAt(endRow: number): void {
    this.endRow = endRow;
    for (const node of this.#nodes) {
      const span = this.spans[node.index] as Span;
      span.end = this.#inParent(node, this.spans, endRow, 'end');
    }
  }

  #span(node: ColumnNode, spans: readonly Span[]): Span {
    const start = this.#inParent(node, spans, this.startRow, 'start');
    const end = this.#inParent(node, spans, this.endRow, 'end');
    const validity = this.rows.validity(node);
    return { start, end, firstNull: validity ? firstZero(validity, start, end) : Infinity };
  }

  #inParent(node: ColumnNode, spans: readonly Span[], row: number, edge: 'start' | 'end'): number {
    const { parent } = node;
    if (!parent) return row;
    const at = (spans[parent.index] as Span)[edge];
    return parent.kind === 'list' ? this.rows.offsetAt(parent, at) : at;
  }
}
