/** Cuts the rows of a read stream into batches for appending: the way of all rows that are copied as they are. */
import type { ArrowRows } from './arrow-rows.ts';
import type { CopyLayout } from './copy-layout.ts';
import { IncomingRows } from './incoming-rows.ts';
import { OpenBatch, type BatchLimits, type CutBatch } from './open-batch.ts';

/** Where in its stream the incoming rows begin, and where batches end. */
export type CutOptions = BatchLimits & {
  /** Offset of the first incoming row in its stream. */
  readonly firstRow: number;
  /** Read offsets, ascending, at which an earlier run ended its batches. */
  readonly cuts: readonly number[];
};

/**
 * Yields batches as large as maxRows and maxBytes (below 2 GiB) allow, never across a cut, so that they depend on the
 * rows and the limits alone and not on how messages divide the rows. Holds the messages a batch is made of, one of them
 * beyond its end at most, and the batch. Throws TerminalError('row_rejected') for a row that no batch can hold.
 */
export async function* cutBatches(
  incoming: AsyncIterable<ArrowRows>,
  layout: CopyLayout,
  options: CutOptions,
): AsyncGenerator<CutBatch> {
  let batch = openBatch(layout, options.firstRow, options);
  for await (const message of incoming) {
    const rows = new IncomingRows(message, layout.nodes);
    for (let row = 0; row < rows.rowCount;) {
      const taken = batch.take(rows, row);
      row += taken;
      if (taken > 0 && !batch.isFull) continue;
      yield batch.finish();
      batch = openBatch(layout, batch.readOffset + batch.rowCount, options);
    }
  }
  if (batch.rowCount > 0) yield batch.finish();
}

function openBatch(
  layout: CopyLayout,
  readOffset: number,
  { maxRows, maxBytes, cuts }: CutOptions,
): OpenBatch {
  const nextCut = cuts.find((cut) => cut > readOffset) ?? Infinity;
  return new OpenBatch(layout, readOffset, { maxRows: Math.min(maxRows, nextCut - readOffset), maxBytes });
}
