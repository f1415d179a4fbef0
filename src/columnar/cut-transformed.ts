/** Cuts rows that a transform made into batches for appending, at the rows they were made of. */
import type { ArrowRows } from './arrow-rows.ts';
import type { CutOptions } from './cut-batches.ts';
import { IncomingRows } from './incoming-rows.ts';
import { ArrivedRows, type MadeLayouts, type MadeRows } from './made-rows.ts';
import type { CutBatch } from './open-batch.ts';
import { OpenMadeBatch } from './open-made-batch.ts';

/**
 * Yields batches that end at a row read, never across a cut: as many rows read as maxRows allows, and as many made and
 * rejected as maxRows and maxBytes do, so that they depend on the rows and the limits alone. Throws
 * TerminalError('row_rejected') for a row of which more is made than one batch can hold.
 */
export async function* cutTransformed(
  incoming: AsyncIterable<MadeRows>,
  layouts: MadeLayouts,
  options: CutOptions,
): AsyncGenerator<CutBatch> {
  let batch = new OpenMadeBatch(layouts, options.firstRow, options);
  let message: { readonly of: ArrowRows; readonly rows: IncomingRows } | undefined;
  for await (const arrived of incoming) {
    if (message?.of !== arrived.message)
      message = { of: arrived.message, rows: new IncomingRows(arrived.message, layouts.read.nodes) };
    const made = new ArrivedRows(arrived, message.rows, layouts);
    for (let row = 0; row < made.rowCount;) {
      const taken = batch.take(made, row);
      row += taken;
      if (taken > 0 && !batch.isFull) continue;
      yield batch.finish();
      batch = new OpenMadeBatch(layouts, batch.readOffset + batch.rowsRead, options);
    }
  }
  if (batch.rowsRead > 0) yield batch.finish();
}
