/** Reads flatbuffer tables, the form of Arrow's metadata, field by field. */

/** A table in a flatbuffer; slots count its fields from 0 in the order of Arrow's .fbs files, absent fields have the default given. */
export class FlatTable {
  readonly view: DataView;
  readonly position: number;

  constructor(view: DataView, position: number) {
    this.view = view;
    this.position = position;
  }

  /** The root table of a whole flatbuffer. */
  static root(flatbuffer: Uint8Array): FlatTable {
    const view = new DataView(flatbuffer.buffer, flatbuffer.byteOffset, flatbuffer.byteLength);
    return new FlatTable(view, indirect(view, 0));
  }

  uint8(slot: number, absent = 0): number {
    const at = this.#at(slot);
    return at === undefined ? absent : this.view.getUint8(at);
  }

  int16(slot: number, absent = 0): number {
    const at = this.#at(slot);
    return at === undefined ? absent : this.view.getInt16(at, true);
  }

  int32(slot: number, absent = 0): number {
    const at = this.#at(slot);
    return at === undefined ? absent : this.view.getInt32(at, true);
  }

  int64(slot: number, absent = 0): number {
    const at = this.#at(slot);
    return at === undefined ? absent : readInt64(this.view, at);
  }

  string(slot: number): string | undefined {
    const at = this.target(slot);
    if (at === undefined) return undefined;
    const length = this.view.getUint32(at, true);
    return Buffer.from(this.view.buffer, this.view.byteOffset + at + 4, length).toString('utf8');
  }

  table(slot: number): FlatTable | undefined {
    const at = this.target(slot);
    return at === undefined ? undefined : new FlatTable(this.view, at);
  }

  tables(slot: number): FlatTable[] {
    const { start, length } = this.vector(slot);
    return Array.from({ length }, (_, i) => new FlatTable(this.view, indirect(this.view, start + 4 * i)));
  }

  /** Where the elements of a vector start, and how many there are. */
  vector(slot: number): { readonly start: number; readonly length: number } {
    const at = this.target(slot);
    return at === undefined
      ? { start: 0, length: 0 }
      : { start: at + 4, length: this.view.getUint32(at, true) };
  }

  /** Where the table, vector or string that a field refers to lies in the flatbuffer. */
  target(slot: number): number | undefined {
    const at = this.#at(slot);
    return at === undefined ? undefined : indirect(this.view, at);
  }

  #at(slot: number): number | undefined {
    const vtable = this.position - this.view.getInt32(this.position, true);
    const entry = 4 + 2 * slot;
    if (entry >= this.view.getUint16(vtable, true)) return undefined;
    const offset = this.view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : this.position + offset;
  }
}

/** A signed 64-bit integer as a number, exact within ±2^53: lengths, counts and offsets of messages held in memory. */
export function readInt64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
}

function indirect(view: DataView, at: number): number {
  return at + view.getUint32(at, true);
}
