/** The two columns a copy adds behind the source's own: which job wrote a row, and its cursor. */
import { MICROS_PER_DAY } from '../job/instant.ts';
import { CURSOR_BYTES } from './batch-extent.ts';
import type { BodyWriter } from './body-writer.ts';
import type { CopyLayout } from './copy-layout.ts';
import type { Pair } from './message-metadata.ts';

/** Appends both columns to a body that holds the source's columns, described by `fields`; returns their length and null count. */
export function writeLineage(
  body: BodyWriter,
  layout: CopyLayout,
  rowCount: number,
  fields: readonly Pair[],
): [Pair, Pair] {
  writeJobId(body, layout.lineage, rowCount);
  const [, nullCount] = fields[layout.cursor.index] as Pair;
  writeCursor(body, layout, rowCount);
  return [
    [rowCount, 0],
    [rowCount, nullCount],
  ];
}

function writeJobId(body: BodyWriter, lineage: Uint8Array, rowCount: number): void {
  body.buffer(0);
  const offsets = body.buffer((rowCount + 1) * 4) / 4;
  for (let row = 0; row <= rowCount; row++) body.ints[offsets + row] = row * lineage.length;
  const data = body.buffer(rowCount * lineage.length);
  body.bytes.fill(lineage, data, data + rowCount * lineage.length);
}

/** The cursor column is in the body already, with the rows in their final order: it is copied from there. */
function writeCursor(body: BodyWriter, layout: CopyLayout, rowCount: number): void {
  const [validityStart, validityBytes] = body.written(layout.cursor.validityBuffer);
  const [valuesStart] = body.written(layout.cursor.validityBuffer + 1);
  const validity = body.buffer(validityBytes);
  body.bytes.copyWithin(validity, validityStart, validityStart + validityBytes);
  const values = body.buffer(rowCount * CURSOR_BYTES);
  if (layout.cursor.meaning.kind === 'timestamp') {
    body.bytes.copyWithin(values, valuesStart, valuesStart + rowCount * CURSOR_BYTES);
    return;
  }
  const micros = new BigInt64Array(body.bytes.buffer, values, rowCount);
  for (let row = 0; row < rowCount; row++)
    micros[row] = BigInt(body.ints[valuesStart / 4 + row] as number) * MICROS_PER_DAY;
}
