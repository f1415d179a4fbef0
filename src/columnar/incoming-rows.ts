/** A record batch as it arrived, read in place: where the buffers of each field lie, and what is NULL. */
import { TerminalError } from '../job/errors.ts';
import type { ArrowRows } from './arrow-rows.ts';
import { isSet } from './bitmap.ts';
import { bufferCount, type ColumnNode } from './column-node.ts';
import { readInt64, type FlatTable } from './flat-table.ts';
import { readIpcMessage, HEADER } from './ipc-message.ts';

/** Slots of the RecordBatch table. Source: Arrow's format/Message.fbs. */
export const RECORD_BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3 } as const;
/** Bytes of a FieldNode (length, null count) and of a Buffer (offset, length), the same file. */
export const STRUCT_BYTES = 16;

const CODECS = ['LZ4_FRAME', 'ZSTD'];

/** Rows of one message; node and value positions are the message's own. */
export class IncomingRows {
  readonly rowCount: number;
  readonly body: Uint8Array;
  /** The body, for reading values of several bytes at any position. */
  readonly values: DataView;
  readonly #lengths: Float64Array;
  readonly #bufferStarts: Float64Array;
  readonly #bufferLengths: Float64Array;
  #text: Buffer | undefined;
  /** By node: the part of the body that is its validity bitmap, undefined when nothing is NULL. */
  readonly #validity: readonly (Uint8Array | undefined)[];

  /** Throws TerminalError('unsupported') for compressed buffers, and an Error when the message is damaged or of another schema. */
  constructor(rows: ArrowRows, nodes: readonly ColumnNode[]) {
    const { header, body } = readIpcMessage(rows.recordBatch, HEADER.recordBatch);
    refuseCompression(header);
    this.rowCount = header.int64(RECORD_BATCH.length);
    this.body = body;
    this.values = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const [lengths, nullCounts] = pairs(header, RECORD_BATCH.nodes, nodes.length, 'fields');
    const [starts, bufferLengths] = pairs(header, RECORD_BATCH.buffers, bufferCount(nodes), 'buffers');
    this.#lengths = lengths;
    this.#bufferStarts = starts;
    this.#bufferLengths = bufferLengths;
    this.#validity = nodes.map((node) => this.#bitmap(node, nullCounts[node.index] as number));
    if (this.rowCount !== rows.rowCount)
      throw new Error(`an Arrow message announced with ${rows.rowCount} rows holds ${this.rowCount}`);
    for (const node of nodes) this.#checkNode(node);
  }

  /** The validity bitmap of a field, or undefined when none of its values is NULL. */
  validity(node: ColumnNode): Uint8Array | undefined {
    return this.#validity[node.index];
  }

  isValid(node: ColumnNode, at: number): boolean {
    const bits = this.#validity[node.index];
    return bits === undefined || isSet(bits, at);
  }

  /** Where in the body the values of a `fixed` or `bits` field start, or the offsets of a `variable` or `list` one. */
  valuesStart(node: ColumnNode): number {
    return this.#bufferStarts[node.validityBuffer + 1] as number;
  }

  /** Where in the body the bytes of a `variable` field start. */
  dataStart(node: ColumnNode): number {
    return this.#bufferStarts[node.validityBuffer + 2] as number;
  }

  /** The bytes [start, end) of the body as UTF-8 text. */
  text(start: number, end: number): string {
    this.#text ??= Buffer.from(this.body.buffer, this.body.byteOffset, this.body.byteLength);
    return this.#text.toString('utf8', start, end);
  }

  /** Where the value at a position starts among the bytes of a `variable` field or the items of a `list`. */
  offsetAt(node: ColumnNode, at: number): number {
    // A field without values may leave out even the one offset that belongs to it.
    if (at === 0 && this.#bufferLengths[node.validityBuffer + 1] === 0) return 0;
    const start = this.valuesStart(node);
    return node.bytes === 4
      ? this.values.getInt32(start + 4 * at, true)
      : readInt64(this.values, start + 8 * at);
  }

  #bitmap(node: ColumnNode, nullCount: number): Uint8Array | undefined {
    if (node.kind === 'null' || nullCount === 0) return undefined;
    const start = this.#bufferStarts[node.validityBuffer] as number;
    const length = this.#bufferLengths[node.validityBuffer] as number;
    return length === 0 ? undefined : this.body.subarray(start, start + length);
  }

  /** Copying trusts lengths and offsets from here on, so that a damaged message must not pass. */
  #checkNode(node: ColumnNode): void {
    const values = this.#lengths[node.index] as number;
    const { parent } = node;
    const needed = !parent ? this.rowCount : this.#itemsOf(parent);
    let sound = values >= needed && (this.#validity[node.index]?.length ?? Infinity) * 8 >= values;
    if (node.kind === 'fixed') sound &&= this.#holds(node, 1, values * node.bytes);
    if (node.kind === 'bits') sound &&= this.#holds(node, 1, values / 8);
    if (node.kind === 'list' || node.kind === 'variable')
      sound &&= values === 0 || this.#holds(node, 1, (values + 1) * node.bytes);
    if (sound && node.kind === 'variable') sound = this.#holds(node, 2, this.offsetAt(node, values));
    if (!sound)
      throw new Error(`an Arrow message of ${this.rowCount} rows is damaged at column ${node.path}`);
  }

  #itemsOf(parent: ColumnNode): number {
    const values = this.#lengths[parent.index] as number;
    return parent.kind === 'list' ? this.offsetAt(parent, values) : values;
  }

  #holds(node: ColumnNode, buffer: number, bytes: number): boolean {
    const start = this.#bufferStarts[node.validityBuffer + buffer] as number;
    const length = this.#bufferLengths[node.validityBuffer + buffer] as number;
    return length >= bytes && start + length <= this.body.length;
  }
}

/** The first and the second numbers of a list of structs of two. */
function pairs(
  header: FlatTable,
  slot: number,
  expected: number,
  what: string,
): readonly [Float64Array, Float64Array] {
  const { start, length } = header.vector(slot);
  if (length !== expected)
    throw new Error(`an Arrow message describes ${length} ${what} where its schema has ${expected}`);
  const [first, second] = [new Float64Array(length), new Float64Array(length)];
  for (let i = 0, at = start; i < length; i++, at += STRUCT_BYTES) {
    first[i] = readInt64(header.view, at);
    second[i] = readInt64(header.view, at + 8);
  }
  return [first, second];
}

function refuseCompression(header: FlatTable): void {
  const compression = header.table(RECORD_BATCH.compression);
  if (!compression) return;
  const codec = CODECS[compression.uint8(0)] ?? 'unknown';
  throw new TerminalError(
    'unsupported',
    `the source sends Arrow buffers compressed with ${codec}; it must be asked for uncompressed ones`,
  );
}
