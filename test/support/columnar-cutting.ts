// Cutting test rows into batches, and taking the batches apart again.
import type { Schema } from 'apache-arrow';
import type { ArrowRows } from '../../src/columnar/arrow-rows.ts';
import { copyLayout, type CopyLayout, type CopyLayoutOptions } from '../../src/columnar/copy-layout.ts';
import { cutBatches, type CutOptions } from '../../src/columnar/cut-batches.ts';
import type { CutBatch } from '../../src/columnar/open-batch.ts';
import { encodeRows, encodeSchema, type Liberties } from './arrow-encoder.ts';
import type { Row } from './arrow-values.ts';
import type { SeededRandom } from './seeded-random.ts';

export const LINEAGE = 'acme/nightly-7/1';
/** Larger than any test's rows. */
export const NO_LIMIT = { firstRow: 0, maxRows: 50_000, maxBytes: 9 * 1024 * 1024, cuts: [] };

/** The layout of a schema whose cursor is `export_time`, verifying nothing unless told. */
export function layoutOf(schema: Schema, options: Partial<CopyLayoutOptions> = {}): CopyLayout {
  return copyLayout({
    arrowSchema: encodeSchema(schema),
    cursorField: 'export_time',
    lineage: LINEAGE,
    verify: { columns: [], currencyColumn: undefined, schema: [] },
    ...options,
  });
}

/** All batches of the messages. */
export async function cut(
  layout: CopyLayout,
  messages: readonly ArrowRows[],
  options: Partial<CutOptions> = {},
): Promise<CutBatch[]> {
  const batches: CutBatch[] = [];
  for await (const batch of cutBatches(arriving(messages), layout, { ...NO_LIMIT, ...options }))
    batches.push(batch);
  return batches;
}

export async function* arriving(messages: readonly ArrowRows[]): AsyncGenerator<ArrowRows> {
  for (const message of messages) yield await Promise.resolve(message);
}

/** The rows as messages of these numbers of rows, the last number over and over. */
export function messagesOf(
  schema: Schema,
  rows: readonly Row[],
  sizes: readonly number[],
  liberties?: () => Liberties,
): ArrowRows[] {
  const messages: ArrowRows[] = [];
  for (let start = 0, i = 0; start < rows.length || i < sizes.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] as number;
    const part = rows.slice(start, start + size);
    messages.push({ recordBatch: encodeRows(schema, part, liberties?.()), rowCount: part.length });
    start += part.length;
  }
  return messages;
}

/** Whatever a sender may do, differently for every message. */
export function anyLiberties(random: SeededRandom): () => Liberties {
  return () => ({
    random,
    alignment: random.pick([8, 64]),
    looseOffsets: random.chance(0.5),
    garbageUnderNull: random.chance(0.5),
    spareBitmaps: random.chance(0.5),
  });
}

/** The same bytes at another place in memory, as messages cut from a network buffer lie. */
export function unaligned(message: ArrowRows, by: number): ArrowRows {
  const memory = new Uint8Array(message.recordBatch.length + by);
  memory.set(message.recordBatch, by);
  return { recordBatch: memory.subarray(by), rowCount: message.rowCount };
}
