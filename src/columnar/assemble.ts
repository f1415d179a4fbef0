/** Puts slices of incoming messages together into one record-batch message, with the lineage columns behind. */
import type { BatchExtent, FieldExtent } from './batch-extent.ts';
import { copyBits, countZeros, setBits } from './bitmap.ts';
import { BodyWriter } from './body-writer.ts';
import type { ColumnNode } from './column-node.ts';
import type { CopyLayout } from './copy-layout.ts';
import { bytesBeforeBody, writeBeforeBody } from './ipc-message.ts';
import { writeLineage } from './lineage-columns.ts';
import { recordBatchMetadata, type Pair } from './message-metadata.ts';
import type { Slice, Span } from './slice.ts';

/** The bare record-batch message of the slices in order; `messageBytes` is what their extent said it will take. */
export function assemble(
  layout: CopyLayout,
  slices: readonly Slice[],
  extent: BatchExtent,
  messageBytes: number,
): Uint8Array {
  const body = new BodyWriter(messageBytes, bytesBeforeBody(layout.metadataBytes));
  const fields: Pair[] = [];
  for (const node of layout.nodes) {
    const field = extent.fields[node.index] as FieldExtent;
    const nullCount = writeValidity(body, node, field, slices);
    if (node.kind === 'fixed') copyValues(body, node, field, slices);
    else if (node.kind === 'bits') copyBooleans(body, node, field, slices);
    else if (node.kind === 'list') copyOffsets(body, node, field, slices);
    else if (node.kind === 'variable') {
      copyOffsets(body, node, field, slices);
      copyData(body, node, field, slices);
    }
    fields.push([field.values, nullCount]);
  }
  fields.push(...writeLineage(body, layout, extent.rowCount, fields));
  const { version } = layout;
  const { buffers, bodyBytes } = body;
  const metadata = recordBatchMetadata({ version, rowCount: extent.rowCount, fields, buffers, bodyBytes });
  writeBeforeBody(body.bytes, metadata);
  return body.bytes;
}

/** Returns the number of NULLs; without any the bitmap is left out. */
function writeValidity(
  body: BodyWriter,
  node: ColumnNode,
  field: FieldExtent,
  slices: readonly Slice[],
): number {
  if (node.kind === 'null') return field.values;
  if (!field.hasNulls) {
    body.buffer(0);
    return 0;
  }
  const length = Math.ceil(field.values / 8);
  const start = body.buffer(length);
  const bits = body.bytes.subarray(start, start + length);
  let written = 0;
  let nullCount = 0;
  for (const slice of slices) {
    const span = slice.spans[node.index] as Span;
    const values = span.end - span.start;
    const validity = slice.rows.validity(node);
    if (validity && span.firstNull < span.end) {
      copyBits(validity, span.start, bits, written, values);
      nullCount += countZeros(validity, span.firstNull, span.end);
    } else {
      setBits(bits, written, values);
    }
    written += values;
  }
  return nullCount;
}

function copyValues(body: BodyWriter, node: ColumnNode, field: FieldExtent, slices: readonly Slice[]): void {
  let to = body.buffer(field.values * node.bytes);
  for (const slice of slices) {
    const span = slice.spans[node.index] as Span;
    const from = slice.rows.valuesStart(node) + span.start * node.bytes;
    const length = (span.end - span.start) * node.bytes;
    body.bytes.set(slice.rows.body.subarray(from, from + length), to);
    to += length;
  }
}

function copyBooleans(
  body: BodyWriter,
  node: ColumnNode,
  field: FieldExtent,
  slices: readonly Slice[],
): void {
  const length = Math.ceil(field.values / 8);
  const start = body.buffer(length);
  const bits = body.bytes.subarray(start, start + length);
  let written = 0;
  for (const slice of slices) {
    const span = slice.spans[node.index] as Span;
    const values = span.end - span.start;
    copyBits(slice.rows.body.subarray(slice.rows.valuesStart(node)), span.start, bits, written, values);
    written += values;
  }
}

function copyData(body: BodyWriter, node: ColumnNode, field: FieldExtent, slices: readonly Slice[]): void {
  let to = body.buffer(field.dataBytes);
  for (const { rows, spans } of slices) {
    const span = spans[node.index] as Span;
    const data = rows.dataStart(node);
    const [from, end] = [data + rows.offsetAt(node, span.start), data + rows.offsetAt(node, span.end)];
    body.bytes.set(rows.body.subarray(from, end), to);
    to += end - from;
  }
}

/** Offsets of the batch start at 0 and continue from slice to slice. */
function copyOffsets(body: BodyWriter, node: ColumnNode, field: FieldExtent, slices: readonly Slice[]): void {
  const start = body.buffer((field.values + 1) * node.bytes);
  body.bytes.fill(0, start, start + node.bytes);
  const intsEach = node.bytes / 4;
  let to = start / 4 + intsEach;
  let total = 0;
  for (const { rows, spans } of slices) {
    const span = spans[node.index] as Span;
    const shift = total - rows.offsetAt(node, span.start);
    if (node.bytes === 4) shiftOffsets(rows.values, rows.valuesStart(node), span, shift, body.ints, to);
    else
      for (let i = span.start + 1, at = to; i <= span.end; i++, at += 2) {
        // A batch is far below 2^31 bytes, so that the upper half of every offset is 0.
        body.ints[at] = rows.offsetAt(node, i) + shift;
        body.ints[at + 1] = 0;
      }
    to += (span.end - span.start) * intsEach;
    total = shift + rows.offsetAt(node, span.end);
  }
}

function shiftOffsets(
  from: DataView,
  offsetsStart: number,
  span: Span,
  shift: number,
  to: Int32Array,
  toStart: number,
): void {
  let at = offsetsStart + 4 * (span.start + 1);
  const end = toStart + span.end - span.start;
  for (let i = toStart; i < end; i++, at += 4) to[i] = from.getInt32(at, true) + shift;
}
