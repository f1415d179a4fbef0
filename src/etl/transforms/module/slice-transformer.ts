/** Transforms slices of Arrow rows within a transform's thread: decoded, given to the module, encoded again. */
import type { ArrowRows } from '../../../columnar/arrow-rows.ts';
import { instantOf } from '../../../columnar/civil-time.ts';
import type { ColumnNode } from '../../../columnar/column-node.ts';
import { nodesOf } from '../../../columnar/copy-layout.ts';
import { rowDecoder, type RowDecoder } from '../../../columnar/decode-rows.ts';
import { encodeRows } from '../../../columnar/encode-rows.ts';
import { IncomingRows } from '../../../columnar/incoming-rows.ts';
import { HEADER, readIpcMessage } from '../../../columnar/ipc-message.ts';
import { rowDigest } from '../../../columnar/row-digest.ts';
import type { Row } from '../../../columnar/row-value.ts';
import { TerminalError } from '../../../job/errors.ts';
import { formatInstant } from '../../../job/instant.ts';
import type { TransformModule } from '../module-transform.ts';
import {
  DependsOnNeighbours,
  encodeOutcomes,
  RowFault,
  transformerOf,
  type Outcome,
  type Transformer,
} from './apply-transform.ts';
import { QUARANTINE_COLUMNS, rowJson } from './quarantine-rows.ts';
import {
  CALLS,
  CURRENT_ROW,
  type SliceRequest,
  type TransformedSlice,
  type TransformWork,
} from './thread-messages.ts';

/** Keeps the message it was given last, of which slices are asked for one after the other. */
export class SliceTransformer {
  readonly #work: TransformWork;
  readonly #nodes: readonly ColumnNode[];
  readonly #decode: RowDecoder;
  readonly #apply: Transformer;
  readonly #progress: Int32Array;
  readonly #digest: ((row: Row) => bigint) | undefined;
  #rows: IncomingRows | undefined;

  constructor(module: TransformModule, file: string, work: TransformWork, progress: Int32Array) {
    this.#work = work;
    this.#nodes = nodesOf(readIpcMessage(work.arrowSchema, HEADER.schema));
    this.#decode = rowDecoder(work.source, this.#nodes);
    this.#apply = transformerOf({ module, file, ...work });
    this.#progress = progress;
    this.#digest = work.takesDigests ? rowDigest(work.columns) : undefined;
  }

  /** Throws TerminalError('transform_failed') naming the row, or 'transform_not_deterministic'. */
  transform({ message, start, end, firstRow, oneByOne }: SliceRequest): TransformedSlice {
    if (message) this.#rows = new IncomingRows(message, this.#nodes);
    const read = (): Row[] => this.#read(start, end);
    try {
      this.#called(start);
      const outcomes = oneByOne
        ? this.#apply.oneByOne(read(), (index) => this.#called(start + index))
        : this.#apply.together(read);
      return this.#encoded(outcomes, start, firstRow);
    } catch (error) {
      throw this.#errorFor(error, start, firstRow);
    }
  }

  #called(row: number): void {
    Atomics.store(this.#progress, CURRENT_ROW, row);
    Atomics.add(this.#progress, CALLS, 1);
  }

  #read(start: number, end: number): Row[] {
    if (!this.#rows) throw new Error('rows of a message were asked for that never came');
    return this.#decode(this.#rows, start, end);
  }

  #encoded(outcomes: readonly Outcome[], start: number, firstRow: number): TransformedSlice {
    const [ends, rejectedEnds] = [new Uint32Array(outcomes.length), new Uint32Array(outcomes.length)];
    let [made, rejected] = [0, 0];
    outcomes.forEach((outcome, index) => {
      ends[index] = made += outcome.rows.length;
      rejectedEnds[index] = rejected += outcome.rejected === undefined ? 0 : 1;
    });
    return {
      ends,
      rejectedEnds,
      rows: made === 0 ? undefined : ownMemory(encodeOutcomes(this.#work.columns, outcomes)),
      digests: this.#digest && digestsOf(outcomes, this.#digest),
      rejected:
        rejected === 0 || !this.#work.keepsRejected
          ? undefined
          : ownMemory(encodeRows(QUARANTINE_COLUMNS, this.#quarantineRows(outcomes, start, firstRow))),
    };
  }

  #quarantineRows(outcomes: readonly Outcome[], start: number, firstRow: number): Row[] {
    const { transform, source, stream } = this.#work;
    return outcomes.flatMap(({ rejected }, index) => {
      if (rejected === undefined) return [];
      const at = start + index;
      // Read again, since the module may have changed the row it was given.
      const [row = {}] = this.#read(at, at + 1);
      return {
        reason: rejected,
        transform,
        source_row: rowJson(source, row),
        source_cursor: this.#cursorOf(row) ?? null,
        read_stream: BigInt(stream),
        read_offset: BigInt(firstRow + at),
      };
    });
  }

  #cursorOf(row: Row): bigint | undefined {
    const { source, sourceCursor } = this.#work;
    const field = source.find(({ name }) => name.toLowerCase() === sourceCursor.toLowerCase());
    return field && instantOf(field, row[field.name] ?? null);
  }

  #errorFor(error: unknown, start: number, firstRow: number): unknown {
    const { transform, stream, sourceCursor } = this.#work;
    if (error instanceof DependsOnNeighbours)
      return new TerminalError(
        'transform_not_deterministic',
        `${transform} fails on rows that it takes one by one: what it makes of a row depends on the rows beside it, or on chance; its module must give one row the same result every time`,
      );
    if (!(error instanceof RowFault)) return error;
    const at = start + error.index;
    const [row = {}] = this.#read(at, at + 1);
    const cursor = this.#cursorOf(row);
    const when = cursor === undefined ? '' : ` (${sourceCursor} ${formatInstant(cursor)})`;
    return new TerminalError(
      'transform_failed',
      `${transform} failed on the row at offset ${firstRow + at} of read stream ${stream}${when}: ${error.message}; correct the module, or have it reject such rows`,
    );
  }
}

function digestsOf(outcomes: readonly Outcome[], digest: (row: Row) => bigint): BigUint64Array {
  return BigUint64Array.from(outcomes.flatMap(({ rows }) => rows.map(digest)));
}

/** Rows whose memory can be handed over as a whole. */
function ownMemory({ recordBatch, rowCount }: ArrowRows): ArrowRows {
  return { recordBatch: new Uint8Array(recordBatch), rowCount };
}
