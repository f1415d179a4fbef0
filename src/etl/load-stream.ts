/** Moves the rows of one read stream into one write stream, batch by batch, from the last checkpoint on. */
import type { CutBatch } from '../columnar/open-batch.ts';
import type { Batch } from '../job/batch.ts';
import { TransientError } from '../job/errors.ts';
import type { AppendTrouble } from './append-window.ts';
import type { Reservation } from './byte-budget.ts';
import { StreamAppends, type AppendedStream } from './stream-appends.ts';
import { positionOf, WriteCheckpoints, type StreamPosition } from './write-checkpoints.ts';

/**
 * AppendRows takes 10 MB at most (its proto) and a batch must stay below 9 MiB (spec.md §5, step 4). 3 MiB keep the
 * connection as busy, and each byte of a batch is held three times on its way: as cut, as encoded and as framed.
 */
export const MAX_BATCH_BYTES = 3 * 1024 * 1024;
const MAX_REWINDS = 3;

/** One stream of a copy. */
export type StreamLoad = AppendedStream & {
  readonly readStream: string;
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
  const { run, cutting, signal } = load;
  const checkpoints = new WriteCheckpoints(run, load.onCheckpoint);
  const incoming = run.source.readRows(load.readStream, from.readOffset, signal);
  const options = {
    firstRow: from.readOffset,
    maxRows: run.plan.batchRows,
    maxBytes: MAX_BATCH_BYTES,
    cuts: from.cuts,
  };
  const cuts = cutting.batches(load.stream, incoming, options, signal);
  const appends = new StreamAppends(load, checkpoints, from.quarantineOffset);
  try {
    const trouble = (await appendAll(load, from, cuts, checkpoints, appends)) ?? (await appends.drained());
    await checkpoints.flush();
    return trouble;
  } catch (error) {
    await keepWhatWasAcknowledged(appends, checkpoints);
    throw error;
  } finally {
    appends.close();
    await cuts.return(undefined);
  }
}

async function appendAll(
  load: StreamLoad,
  from: StreamPosition,
  cuts: AsyncGenerator<CutBatch>,
  checkpoints: WriteCheckpoints,
  appends: StreamAppends,
): Promise<AppendTrouble | undefined> {
  const { budget } = load.run;
  // Rejected rows are a message of their own.
  const mostBytes = load.cutting.quarantineSchema ? 2 * MAX_BATCH_BYTES : MAX_BATCH_BYTES;
  let { nextBatch, writeOffset } = from;
  for (;;) {
    const reservation = await budget.reserve(mostBytes, load.signal);
    const cut = await nextCut(cuts, reservation);
    if (!cut) return undefined;
    const batch = plannedBatch(load.stream, nextBatch, writeOffset, cut);
    await releasedOnError(reservation, async () => {
      await appends.openFor(cut);
      await checkpoints.record(batch);
      load.signal.throwIfAborted();
    });
    // Waited for only now, so that a batch is read and cut while earlier ones are on their way.
    const trouble = await releasedOnError(reservation, () => appends.room());
    if (trouble) {
      reservation.release();
      return trouble;
    }
    appends.send(batch, cut, reservation);
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
  const { bytes, rejected } = next.value;
  reservation.shrinkTo(bytes + (rejected?.recordBatch.length ?? 0));
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
  return {
    stream,
    batch,
    readOffset: cut.readOffset,
    writeOffset,
    rowsRead: cut.rowsRead,
    rowsWritten: cut.rows.rowCount,
    rowsDropped: cut.rowsDropped,
    rowsQuarantined: cut.rowsRejected,
    bytes: cut.bytes,
    totals: cut.totals,
    ...(cut.days && { days: cut.days }),
    state: 'planned',
  };
}

/** What stopped the pump matters more than a failure here, so that one is swallowed: only work is lost by it. */
async function keepWhatWasAcknowledged(appends: StreamAppends, checkpoints: WriteCheckpoints): Promise<void> {
  await appends.drained().catch(() => undefined);
  await checkpoints.flush().catch(() => undefined);
}

/** Whether an error of the source means that its read session is gone, which a new session at the same snapshot mends. */
export function isReadSessionLost(error: unknown): boolean {
  return error instanceof TransientError && error.reason === 'stream_lost';
}
