/** The appends of one read stream's batches: into the write stream of the copy, and of the quarantine where rows are rejected. */
import type { CutBatch } from '../columnar/open-batch.ts';
import type { Batch } from '../job/batch.ts';
import { AppendWindow, type AppendTrouble } from './append-window.ts';
import type { Reservation } from './byte-budget.ts';
import type { AppendOutcome, StreamWriter } from './destination.ts';
import type { RowCutting } from './row-cutting.ts';
import type { PlannedRun } from './run.ts';
import type { WriteCheckpoints } from './write-checkpoints.ts';
import type { RowsTable, WriteStreams } from './write-streams.ts';

/** One read stream, and where its rows go. */
export type AppendedStream = {
  readonly run: PlannedRun;
  readonly stream: number;
  readonly cutting: RowCutting;
  readonly writeStreams: WriteStreams;
};

/** Connections are made at the first row for them, so that a read stream without rows leaves no write stream behind. */
export class StreamAppends {
  readonly #load: AppendedStream;
  readonly #window: AppendWindow;
  readonly #writers = new Map<RowsTable, StreamWriter>();
  #quarantineOffset: number;

  constructor(load: AppendedStream, checkpoints: WriteCheckpoints, quarantineOffset: number) {
    this.#load = load;
    this.#window = new AppendWindow((batch) => checkpoints.acknowledge(batch));
    this.#quarantineOffset = quarantineOffset;
  }

  /** Makes the connections that a batch needs; their streams are on record when it returns. */
  async openFor({ rows, rejected }: CutBatch): Promise<void> {
    const { writerSchema, quarantineSchema } = this.#load.cutting;
    if (rows.rowCount > 0) await this.#open('copy', writerSchema);
    if (rejected && quarantineSchema) await this.#open('quarantine', quarantineSchema);
  }

  /** Sends a batch; it is acknowledged once all of its rows are, wherever they go. */
  send(batch: Batch, { rows, rejected }: CutBatch, reservation: Reservation): void {
    const sent: Promise<AppendOutcome>[] = [];
    const [copy, quarantine] = [this.#writers.get('copy'), this.#writers.get('quarantine')];
    if (copy && rows.rowCount > 0) sent.push(copy.append(rows, batch.writeOffset));
    if (quarantine && rejected) sent.push(quarantine.append(rejected, this.#quarantineOffset));
    this.#quarantineOffset += batch.rowsQuarantined;
    this.#window.send(batch, allAcknowledged(sent), reservation);
  }

  /** Resolves when there is room for another batch, with the trouble that has come to light, if any. */
  room(): Promise<AppendTrouble | undefined> {
    return this.#window.room();
  }

  /** Resolves when every batch sent is acknowledged, or with the first trouble. */
  drained(): Promise<AppendTrouble | undefined> {
    return this.#window.drained();
  }

  /** Frees the connections. Never fails. */
  close(): void {
    for (const writer of this.#writers.values()) writer.close();
  }

  async #open(to: RowsTable, arrowSchema: Uint8Array): Promise<void> {
    if (this.#writers.has(to)) return;
    const { run, stream, writeStreams } = this.#load;
    const name = await writeStreams.open(stream, to);
    this.#writers.set(to, run.destination.openWriter(name, arrowSchema));
  }
}

async function allAcknowledged(sent: readonly Promise<AppendOutcome>[]): Promise<AppendOutcome> {
  const outcomes = await Promise.all(sent);
  return outcomes.find(({ kind }) => kind !== 'acknowledged') ?? { kind: 'acknowledged' };
}
