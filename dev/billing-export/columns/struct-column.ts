// A RECORD column: one validity over named child columns.
import { type Data, type DataType, makeData, type Struct } from 'apache-arrow';
import { type Column, Validity, validityBytes } from './column.ts';

/** Builds an Arrow struct column; after each present value its children must be appended to as well. */
export class StructColumn implements Column {
  length = 0;
  readonly #children: readonly { readonly name: string; readonly column: Column }[];
  readonly #validity = new Validity();

  constructor(children: ReadonlyMap<string, Column>) {
    this.#children = Array.from(children, ([name, column]) => ({ name, column }));
  }

  /** Counts this many present values; their fields are appended by the caller. */
  appendPresent(count: number): void {
    this.length += count;
  }

  /** Appends a NULL struct, with a NULL (or an empty list) in every child so that all stay of one length. */
  appendNull(): void {
    this.#validity.markNull(this.length++);
    for (const child of this.#children) child.column.appendNull();
  }

  byteLength(): number {
    const own = validityBytes(this.#validity, this.length);
    return this.#children.reduce((sum, child) => sum + child.column.byteLength(), own);
  }

  /** A view with those children that the type names: an older schema leaves the newer ones out. */
  toData(type: DataType): Data {
    return makeData({
      type: type as Struct,
      length: this.length,
      nullCount: this.#validity.nullCount,
      nullBitmap: this.#validity.bitmap(this.length),
      children: (type as Struct).children.map((field) =>
        this.#child(field.name).toData(field.type as DataType),
      ),
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
    for (const child of this.#children) child.column.reset();
  }

  #child(name: string): Column {
    const child = this.#children.find((candidate) => candidate.name === name);
    if (child === undefined) throw new Error(`The generator has no column ${name}.`);
    if (child.column.length !== this.length) {
      throw new Error(
        `Column ${name} has ${child.column.length} values where its struct has ${this.length}.`,
      );
    }
    return child.column;
  }
}
