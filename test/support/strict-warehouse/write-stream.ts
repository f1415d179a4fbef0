// One PENDING write stream: open, finalized, committed, with every offset checked.
import { createHash } from 'node:crypto';
import type { AppendOutcome } from '../../../src/etl/destination.ts';
import type { Micros } from '../../../src/job/instant.ts';
import type { Row } from './arrow-rows.ts';
import type { StoredTable } from './stored-table.ts';

/** Rows nobody sees until they are committed. */
export class WriteStream {
  readonly name: string;
  readonly table: StoredTable;
  readonly rows: Row[] = [];
  readonly #appends = new Map<number, string>();
  isFinalized = false;
  commitTime: Micros | undefined;

  constructor(name: string, table: StoredTable) {
    this.name = name;
    this.table = table;
  }

  /** Places rows, which came as this message, at an offset. */
  append(
    offset: number,
    message: Uint8Array,
    rows: readonly Row[],
    onViolation: (what: string) => void,
  ): AppendOutcome {
    if (this.isFinalized) return { kind: 'stream_lost', message: `${this.name} is finalized` };
    const end = this.rows.length;
    const fingerprint = createHash('sha1').update(message).digest('hex');
    if (offset > end)
      return { kind: 'out_of_range', message: `${this.name} ends at ${end}, before offset ${offset}` };
    if (offset < end) {
      // The service says ALREADY_EXISTS whatever the bytes are; that they are the same is what the protocol relies on.
      if (this.#appends.get(offset) !== fingerprint)
        onViolation(`other rows were sent to offset ${offset} of ${this.name}, which ends at ${end}`);
      return { kind: 'acknowledged' };
    }
    this.#appends.set(offset, fingerprint);
    this.rows.push(...rows);
    return { kind: 'acknowledged' };
  }
}
