/** Tells the rows of a batch apart by their currency, and by the day of their cursor where that is wanted. */
import { MICROS_PER_DAY } from '../job/instant.ts';
import { formatDate } from './civil-time.ts';
import type { ColumnNode } from './column-node.ts';
import type { IncomingRows } from './incoming-rows.ts';
import type { Slice } from './slice.ts';

/** The rows of one currency, of one day where they are told apart by day. */
export type CurrencyGroup = {
  readonly currency: string | null;
  readonly day: string | undefined;
  rows: number;
};

/** Numbers the currencies of all slices it is shown. */
export class CurrencyGroups {
  readonly groups: CurrencyGroup[] = [];
  readonly #numbers = new Map<number, Map<string | null, number>>();
  readonly #steps: readonly ColumnNode[];
  readonly #cursor: ColumnNode | undefined;

  /** Fields from the column down to the currency, none when there is no currency; days are told apart by a cursor only. */
  constructor(steps: readonly ColumnNode[], cursor?: ColumnNode) {
    this.#steps = steps;
    this.#cursor = cursor;
  }

  /** The group number of each row of the slice, in order, and counts the rows. */
  of(slice: Slice): Int32Array {
    const { rows, startRow, endRow } = slice;
    const numbers = new Int32Array(endRow - startRow);
    const text = this.#steps.at(-1);
    const nullable = this.#steps.filter((step) => rows.validity(step));
    // Most rows have the currency of the row before, so its bytes are compared before they are made a string.
    let [current, currentStart, currentEnd, currentDay] = [-1, 0, -1, NaN];
    for (let row = startRow; row < endRow; row++) {
      const day = this.#cursor ? dayOf(rows, this.#cursor, row) : 0;
      if (!text || nullable.some((step) => !rows.isValid(step, row))) {
        [current, currentEnd] = [this.#number(null, day), -1];
      } else {
        const [start, end] = bytesOf(rows, text, row);
        if (day !== currentDay || !sameBytes(rows.body, currentStart, currentEnd, start, end))
          current = this.#number(
            Buffer.from(rows.body.buffer, rows.body.byteOffset + start, end - start).toString(),
            day,
          );
        [currentStart, currentEnd, currentDay] = [start, end, day];
      }
      numbers[row - startRow] = current;
      (this.groups[current] as CurrencyGroup).rows += 1;
    }
    return numbers;
  }

  #number(currency: string | null, day: number): number {
    const ofDay = this.#numbers.get(day) ?? new Map<string | null, number>();
    const known = ofDay.get(currency);
    if (known !== undefined) return known;
    const number = this.groups.push({ currency, day: this.#cursor && formatDate(day), rows: 0 }) - 1;
    this.#numbers.set(day, ofDay.set(currency, number));
    return number;
  }
}

/** Days since 1970. */
function dayOf(rows: IncomingRows, cursor: ColumnNode, row: number): number {
  const start = rows.valuesStart(cursor);
  if (cursor.meaning.kind === 'date32') return rows.values.getInt32(start + 4 * row, true);
  const micros = rows.values.getBigInt64(start + 8 * row, true);
  return Number((micros - (((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY)) / MICROS_PER_DAY);
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
