/** How large the Arrow message of a batch will be, known before anything is copied. */
import type { CopyLayout } from './copy-layout.ts';
import { bytesBeforeBody, padded } from './ipc-message.ts';
import type { Slice, Span } from './slice.ts';

/** How much of one field a batch holds. */
export type FieldExtent = { values: number; dataBytes: number; hasNulls: boolean };

/** The slices of a batch added up. What it says depends on the rows alone, not on how messages divide them. */
export class BatchExtent {
  rowCount = 0;
  /** By node. */
  readonly fields: readonly FieldExtent[];
  readonly #layout: CopyLayout;

  constructor(layout: CopyLayout) {
    this.#layout = layout;
    this.fields = layout.nodes.map(() => ({ values: 0, dataBytes: 0, hasNulls: false }));
  }

  add(slice: Slice): void {
    this.rowCount += slice.endRow - slice.startRow;
    for (const node of this.#layout.nodes) {
      const field = this.fields[node.index] as FieldExtent;
      const span = slice.spans[node.index] as Span;
      field.values += span.end - span.start;
      field.hasNulls ||= span.firstNull < span.end;
      if (node.kind === 'variable')
        field.dataBytes += slice.rows.offsetAt(node, span.end) - slice.rows.offsetAt(node, span.start);
    }
  }

  /** Bytes of the whole message once the slice is added: exactly what assembling it gives. */
  bytesWith(slice: Slice): number {
    const { nodes, cursor, lineage, metadataBytes } = this.#layout;
    let bytes = bytesBeforeBody(metadataBytes);
    for (const node of nodes) {
      const field = this.fields[node.index] as FieldExtent;
      const span = slice.spans[node.index] as Span;
      const values = field.values + span.end - span.start;
      const hasNulls = field.hasNulls || span.firstNull < span.end;
      if (hasNulls) bytes += padded(values / 8);
      if (node.kind === 'fixed') bytes += padded(values * node.bytes);
      else if (node.kind === 'bits') bytes += padded(values / 8);
      else if (node.kind === 'list') bytes += padded((values + 1) * node.bytes);
      else if (node.kind === 'variable') {
        const data = slice.rows.offsetAt(node, span.end) - slice.rows.offsetAt(node, span.start);
        bytes += padded((values + 1) * node.bytes) + padded(field.dataBytes + data);
      }
      if (node === cursor && hasNulls) bytes += padded(values / 8);
    }
    const rows = this.rowCount + slice.endRow - slice.startRow;
    return bytes + padded((rows + 1) * 4) + padded(rows * lineage.length) + rows * CURSOR_BYTES;
  }
}

/** Bytes of a timestamp. */
export const CURSOR_BYTES = 8;
