/** The checkpoints of one stream: which batches the write stream holds, and where a resumed run goes on. */
import type { Batch } from '../job/batch.ts';
import type { PlannedRun } from './run.ts';

/** Where a stream stands; offsets count rows. */
export type StreamPosition = {
  readonly nextBatch: number;
  readonly readOffset: number;
  readonly writeOffset: number;
  /** In the quarantine's write stream. */
  readonly quarantineOffset: number;
  /** Read offsets at which batches recorded but not known to be acknowledged end: they must be cut the same way again. */
  readonly cuts: readonly number[];
};

/** The position after the last acknowledged batch of an unbroken row of them. */
export function positionOf(batches: readonly Batch[], stream: number): StreamPosition {
  const own = batches.filter((batch) => batch.stream === stream).sort((a, b) => a.batch - b.batch);
  const firstOpen = own.findIndex((batch, index) => batch.state !== 'acknowledged' || batch.batch !== index);
  const acknowledged = firstOpen === -1 ? own : own.slice(0, firstOpen);
  const last = acknowledged.at(-1);
  const readOffset = last ? last.readOffset + last.rowsRead : 0;
  return {
    nextBatch: acknowledged.length,
    readOffset,
    writeOffset: last ? last.writeOffset + last.rowsWritten : 0,
    quarantineOffset: acknowledged.reduce((rows, batch) => rows + batch.rowsQuarantined, 0),
    cuts: own.map((batch) => batch.readOffset + batch.rowsRead).filter((end) => end > readOffset),
  };
}

/** Records what is about to be appended together with what was acknowledged since, one transaction a call. */
export class WriteCheckpoints {
  readonly #run: PlannedRun;
  readonly #onCheckpoint: (acknowledged: readonly Batch[]) => void;
  #acknowledged: Batch[] = [];

  constructor(run: PlannedRun, onCheckpoint: (acknowledged: readonly Batch[]) => void) {
    this.#run = run;
    this.#onCheckpoint = onCheckpoint;
  }

  /** Notes that the write stream holds the batch; durable with the next record or flush. */
  acknowledge(batch: Batch): void {
    this.#acknowledged.push(batch);
  }

  /** Makes the boundaries of a batch durable before it is appended; throws LeaseLostError when the job is no longer ours. */
  async record(planned: Batch): Promise<void> {
    await this.#write([planned]);
  }

  /** Makes durable what was acknowledged; nothing to do costs nothing. */
  async flush(): Promise<void> {
    if (this.#acknowledged.length > 0) await this.#write([]);
  }

  async #write(planned: readonly Batch[]): Promise<void> {
    const acknowledged = this.#acknowledged;
    this.#acknowledged = [];
    const { state, lease, planNumber } = this.#run;
    await state.batches.record(lease, planNumber, planned, acknowledged);
    if (acknowledged.length > 0) this.#onCheckpoint(acknowledged);
  }
}
