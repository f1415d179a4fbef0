/** Tells the rows of a batch apart by their currency. */
import type { ColumnNode } from './column-node.ts';
import type { IncomingRows } from './incoming-rows.ts';
import type { Slice } from './slice.ts';

/** The rows of one currency. */
export type CurrencyGroup = { readonly currency: string | null; rows: number };

/** Numbers the currencies of all slices it is shown. */
export class CurrencyGroups {
  readonly groups: CurrencyGroup[] = [];
  readonly #numbers = new Map<string | null, number>();
  readonly #steps: readonly ColumnNode[];

  /** Fields from the column down to the currency; none when there is no currency. */
  constructor(steps: readonly ColumnNode[]) {
    this.#steps = steps;
  }

  /** The group number of each row of the slice, in order, and counts the rows. */
  of(slice: Slice): Int32Array {
    const { rows, startRow, endRow } = slice;
    const numbers = new Int32Array(endRow - startRow);
    const text = this.#steps.at(-1);
    const nullable = this.#steps.filter((step) => rows.validity(step));
    // Most rows have the currency of the row before, so its bytes are compared before they are made a string.
    let [current, currentStart, currentEnd] = [-1, 0, -1];
    for (let row = startRow; row < endRow; row++) {
      if (!text || nullable.some((step) => !rows.isValid(step, row))) {
        [current, currentEnd] = [this.#number(null), -1];
      } else {
        const [start, end] = bytesOf(rows, text, row);
        if (!sameBytes(rows.body, currentStart, currentEnd, start, end))
          current = this.#number(
            Buffer.from(rows.body.buffer, rows.body.byteOffset + start, end - start).toString(),
          );
        [currentStart, currentEnd] = [start, end];
      }
      numbers[row - startRow] = current;
      (this.groups[current] as CurrencyGroup).rows += 1;
    }
    return numbers;
  }

  #number(currency: string | null): number {
    const known = this.#numbers.get(currency);
    if (known !== undefined) return known;
    const number = this.groups.push({ currency, rows: 0 }) - 1;
    this.#numbers.set(currency, number);
    return number;
  }
}

function bytesOf(rows: IncomingRows, text: ColumnNode, row: number): readonly [number, number] {
  const data = rows.dataStart(text);
  return [data + rows.offsetAt(text, row), data + rows.offsetAt(text, row + 1)];
}

function sameBytes(bytes: Uint8Array, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let a = aStart, b = bStart; a < aEnd; a++, b++) if (bytes[a] !== bytes[b]) return false;
  return true;
}
