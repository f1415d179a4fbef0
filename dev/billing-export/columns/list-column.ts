// A REPEATED column: offsets into one child column. BigQuery stores no NULL array, so neither does this.
import { type Data, type DataType, type List, makeData } from 'apache-arrow';
import type { Column } from './column.ts';

/** Builds an Arrow list column; append a row's items to the child, then close the row. */
export class ListColumn implements Column {
  length = 0;
  readonly child: Column;
  #offsets = new Int32Array(1024);

  constructor(child: Column) {
    this.child = child;
  }

  /** Ends one row's list at the child's present length. */
  closeRow(): void {
    const next = ++this.length;
    if (next >= this.#offsets.length) this.#grow();
    this.#offsets[next] = this.child.length;
  }

  /** Appends the empty list, which is what BigQuery makes of a NULL array. */
  appendNull(): void {
    this.closeRow();
  }

  byteLength(): number {
    return (this.length + 1) * 4 + this.child.byteLength();
  }

  toData(type: DataType): Data {
    const list = type as List;
    return makeData({
      type: list,
      length: this.length,
      nullCount: 0,
      nullBitmap: null,
      valueOffsets: this.#offsets.subarray(0, this.length + 1),
      child: this.child.toData(list.valueType as DataType),
    });
  }

  reset(): void {
    this.length = 0;
    this.child.reset();
  }

  #grow(): void {
    const grown = new Int32Array(this.#offsets.length * 2);
    grown.set(this.#offsets);
    this.#offsets = grown;
  }
}
