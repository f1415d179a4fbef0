// A read of some rows in a few streams; every session divides and orders them in a way of its own, as the service may.
import type { Micros } from '../../../src/job/instant.ts';
import type { TableSchema } from '../../../src/job/table-schema.ts';
import type { Row } from './arrow-rows.ts';

/** Rows by stream name, in an order that holds as long as the session does. */
export class StoredSession {
  readonly name: string;
  readonly schema: TableSchema;
  readonly expiresAt: Micros;
  readonly #streams: ReadonlyMap<string, readonly Row[]>;

  constructor(
    number: number,
    schema: TableSchema,
    rows: readonly Row[],
    maxStreams: number,
    expiresAt: Micros,
  ) {
    this.name = `sessions/${number}`;
    this.schema = schema;
    this.expiresAt = expiresAt;
    this.#streams = new Map(
      divided(rotated(rows, 3 * number), Math.min(maxStreams, rows.length)).map((some, i) => [
        `${this.name}/streams/${i}`,
        some,
      ]),
    );
  }

  get streams(): readonly string[] {
    return [...this.#streams.keys()];
  }

  rowsOf(stream: string): readonly Row[] | undefined {
    return this.#streams.get(stream);
  }
}

function rotated(rows: readonly Row[], by: number): readonly Row[] {
  const at = rows.length === 0 ? 0 : by % rows.length;
  return [...rows.slice(at), ...rows.slice(0, at)];
}

/** Parts of almost one length; the first is one row longer than the others where that comes out even. */
function divided(rows: readonly Row[], parts: number): readonly (readonly Row[])[] {
  const borders = Array.from({ length: parts + 1 }, (_, i) => Math.ceil((rows.length * i) / parts));
  return borders.slice(1).map((end, i) => rows.slice(borders[i], end));
}
