/** Moves the rows of one read stream into one write stream, batch by batch, from the last checkpoint on. */
import type { CopyLayout } from '../columnar/copy-layout.ts';
import { cutBatches } from '../columnar/cut-batches.ts';
import type { CutBatch } from '../columnar/open-batch.ts';
import type { Batch } from '../job/batch.ts';
import { TransientError } from '../job/errors.ts';
import { AppendWindow, type AppendTrouble } from './append-window.ts';
import type { Reservation } from './byte-budget.ts';
import type { PlannedRun } from './run.ts';
import { positionOf, WriteCheckpoints, type StreamPosition } from './write-checkpoints.ts';
import type { WriteStreams } from './write-streams.ts';

/**
 * AppendRows takes 10 MB at most (its proto) and a batch must stay below 9 MiB (spec.md §5, step 4). 3 MiB keep the
 * connection as busy, and each byte of a batch is held three times on its way: as cut, as encoded and as framed.
 */
const MAX_BATCH_BYTES = 3 * 1024 * 1024;
const MAX_REWINDS = 3;

/** One stream of a copy. */
export type StreamLoad = {
  readonly run: PlannedRun;
  readonly stream: number;
  readonly readStream: string;
  readonly layout: CopyLayout;
  readonly writeStreams: WriteStreams;
  readonly signal: AbortSignal;
  readonly onCheckpoint: (acknowledged: readonly Batch[]) => void;
};

/** The write stream cannot take what is missing: the copy has to begin again from the snapshot. */
export class CopyLost extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'CopyLost';
  }
}

/** Returns when the write stream holds every row of the read stream and that is recorded; throws CopyLost or a JobError. */
export async function loadStream(load: StreamLoad, recorded: readonly Batch[]): Promise<void> {
  let position = positionOf(recorded, load.stream);
  for (let rewinds = 0; ; rewinds++) {
    const trouble = await pump(load, position);
    if (!trouble) return;
    if (trouble.kind === 'stream_lost' || rewinds === MAX_REWINDS) throw new CopyLost(trouble.message);
    const { state, lease, planNumber } = load.run;
    position = positionOf(await state.batches.list(lease, planNumber), load.stream);
  }
}

/** Reads, cuts, records and appends until the read stream ends; whatever stops it, acknowledged batches are recorded first. */
async function pump(load: StreamLoad, from: StreamPosition): Promise<AppendTrouble | undefined> {
  const { run, layout, signal } = load;
  const checkpoints = new WriteCheckpoints(run, load.onCheckpoint);
  const incoming = run.source.readRows(load.readStream, from.readOffset, signal);
  const options = {
    firstRow: from.readOffset,
    maxRows: run.plan.batchRows,
    maxBytes: MAX_BATCH_BYTES,
    cuts: from.cuts,
  };
  const cuts = cutBatches(incoming, layout, options);
  const writer = new LazyWriter(load, checkpoints);
  try {
    const trouble = (await appendAll(load, from, cuts, checkpoints, writer)) ?? (await writer.drained());
    await checkpoints.flush();
    return trouble;
  } catch (error) {
    await keepWhatWasAcknowledged(writer, checkpoints);
    throw error;
  } finally {
    writer.close();
    await cuts.return(undefined);
  }
}

async function appendAll(
  load: StreamLoad,
  from: StreamPosition,
  cuts: AsyncGenerator<CutBatch>,
  checkpoints: WriteCheckpoints,
  writer: LazyWriter,
): Promise<AppendTrouble | undefined> {
  const { budget } = load.run;
  let { nextBatch, writeOffset } = from;
  for (;;) {
    const reservation = await budget.reserve(MAX_BATCH_BYTES, load.signal);
    const cut = await nextCut(cuts, reservation);
    if (!cut) return undefined;
    const batch = plannedBatch(load.stream, nextBatch, writeOffset, cut);
    const window = await releasedOnError(reservation, async () => {
      const opened = await writer.open();
      await checkpoints.record(batch);
      load.signal.throwIfAborted();
      return opened;
    });
    // Waited for only now, so that a batch is read and cut while earlier ones are on their way.
    const trouble = await releasedOnError(reservation, () => window.room());
    if (trouble) {
      reservation.release();
      return trouble;
    }
    window.send(batch, cut.rows, reservation);
    nextBatch += 1;
    writeOffset += batch.rowsWritten;
  }
}

async function nextCut(
  cuts: AsyncGenerator<CutBatch>,
  reservation: Reservation,
): Promise<CutBatch | undefined> {
  const next = await releasedOnError(reservation, () => cuts.next());
  if (next.done) {
    reservation.release();
    return undefined;
  }
  reservation.shrinkTo(next.value.bytes);
  return next.value;
}

async function releasedOnError<T>(reservation: Reservation, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    reservation.release();
    throw error;
  }
}

function plannedBatch(stream: number, batch: number, writeOffset: number, cut: CutBatch): Batch {
  const { rowCount } = cut.rows;
  return {
    stream,
    batch,
    readOffset: cut.readOffset,
    writeOffset,
    rowsRead: rowCount,
    rowsWritten: rowCount,
    rowsDropped: 0,
    rowsQuarantined: 0,
    bytes: cut.bytes,
    totals: cut.totals,
    state: 'planned',
  };
}

/** What stopped the pump matters more than a failure here, so that one is swallowed: only work is lost by it. */
async function keepWhatWasAcknowledged(writer: LazyWriter, checkpoints: WriteCheckpoints): Promise<void> {
  await writer.drained().catch(() => undefined);
  await checkpoints.flush().catch(() => undefined);
}

/** The connection to the write stream, made at the first batch so that an empty read stream leaves no write stream behind. */
class LazyWriter {
  readonly #load: StreamLoad;
  readonly #checkpoints: WriteCheckpoints;
  #opened: { readonly window: AppendWindow; readonly close: () => void } | undefined;

  constructor(load: StreamLoad, checkpoints: WriteCheckpoints) {
    this.#load = load;
    this.#checkpoints = checkpoints;
  }

  async open(): Promise<AppendWindow> {
    if (this.#opened) return this.#opened.window;
    const { run, layout, stream, writeStreams } = this.#load;
    const writer = run.destination.openWriter(await writeStreams.open(stream), layout.writerSchema);
    const window = new AppendWindow(writer, (batch) => this.#checkpoints.acknowledge(batch));
    this.#opened = { window, close: () => writer.close() };
    return window;
  }

  async drained(): Promise<AppendTrouble | undefined> {
    return this.#opened?.window.drained();
  }

  close(): void {
    this.#opened?.close();
  }
}

/** Whether an error of the source means that its read session is gone, which a new session at the same snapshot mends. */
export function isReadSessionLost(error: unknown): boolean {
  return error instanceof TransientError && error.reason === 'stream_lost';
}
