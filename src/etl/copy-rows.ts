/** Extract, transform and load on the storage path: every row of the plan into write streams nobody can see yet. */
import type { Batch } from '../job/batch.ts';
import { messageOf, TransientError } from '../job/errors.ts';
import type { TableRef } from '../job/table-ref.ts';
import { addTotals, type Totals } from '../job/totals.ts';
import { openReadSession, recordedReadSession } from './extract.ts';
import { CopyLost, isReadSessionLost, loadStream } from './load-stream.ts';
import { progressReporter } from './progress.ts';
import { rowCutting } from './row-cutting.ts';
import type { PlannedRun } from './run.ts';
import type { ReadSession } from './source.ts';
import { WriteStreams, type RowsTable } from './write-streams.ts';

const MAX_RESTARTS = 3;

/** Rows waiting to be made visible. */
export type PreparedRows = {
  /** Write streams that are to be committed; none when the rows wait in a staging table. */
  readonly streams: readonly { readonly name: string; readonly rows: number }[];
  /** The table the rows wait in, on their way through a recorded job. */
  readonly staging?: TableRef;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Rows read of which a module made nothing. */
  readonly rowsDropped: number;
  readonly rowsRejected: number;
  /** Write streams of the quarantine table with rows that were rejected. */
  readonly quarantine: readonly { readonly name: string; readonly rows: number }[];
  readonly bytesWritten: number;
  readonly totals: Totals;
};

/** Resumes at the last checkpoint when the plan's streams can be continued, starts from the snapshot when they cannot. */
export async function copyRows(run: PlannedRun): Promise<PreparedRows> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await copyOnce(run);
    } catch (error) {
      if (!(error instanceof CopyLost) && !isReadSessionLost(error)) throw error;
      const why = messageOf(error);
      await abandonCopy(run);
      if (restarts === MAX_RESTARTS) {
        throw new TransientError('stream_lost', `the copy was lost ${restarts + 1} times, last: ${why}`, {
          cause: error,
        });
      }
      run.observer.note(run.lease, 'copy begins again from the snapshot', { why });
    }
  }
}

/** Forgets batches, read session and write streams of this plan; the streams were never visible and expire by themselves. */
export async function abandonCopy(run: PlannedRun): Promise<void> {
  const { state, lease, planNumber } = run;
  await state.batches.discard(lease, planNumber);
  await state.steps.update(lease, planNumber, 'extract', {});
  await state.steps.update(lease, planNumber, 'load', {});
}

async function copyOnce(run: PlannedRun): Promise<PreparedRows> {
  const { state, lease, planNumber } = run;
  const session = (await recordedReadSession(run)) ?? (await startFromSnapshot(run));
  const writeStreams = await WriteStreams.recorded(run);
  const recorded = await state.batches.list(lease, planNumber);
  if (session.streams.length > 0) await loadStreams(run, session, writeStreams, recorded);
  return preparedRows(writeStreams, await state.batches.list(lease, planNumber));
}

async function startFromSnapshot(run: PlannedRun): Promise<ReadSession> {
  const { batches } = await run.state.batches.progress(run.lease, run.planNumber);
  if (batches > 0) {
    const why = `the read session or the writer of ${batches} acknowledged batches is not there any more`;
    run.observer.note(run.lease, 'copy begins again from the snapshot', { why });
  }
  await abandonCopy(run);
  return openReadSession(run);
}

/** All streams at once; the first failure stops the others and is the one thrown. */
async function loadStreams(
  run: PlannedRun,
  session: ReadSession,
  writeStreams: WriteStreams,
  recorded: readonly Batch[],
): Promise<void> {
  const cutting = await rowCutting(run, session);
  const failure = new AbortController();
  const signal = AbortSignal.any([run.signal, failure.signal]);
  const onCheckpoint = progressReporter(run, recorded);
  await Promise.all(
    session.streams.map(async (readStream, stream) => {
      try {
        await loadStream({ run, stream, readStream, cutting, writeStreams, signal, onCheckpoint }, recorded);
      } catch (error) {
        failure.abort(error);
      }
    }),
  );
  signal.throwIfAborted();
}

function preparedRows(writeStreams: WriteStreams, batches: readonly Batch[]): PreparedRows {
  const streams = (to: RowsTable, rowsOf: (batch: Batch) => number) => {
    const rowsByName = new Map<string, number>();
    for (const batch of batches) {
      const name = writeStreams.nameOf(batch.stream, to);
      if (name !== undefined) rowsByName.set(name, (rowsByName.get(name) ?? 0) + rowsOf(batch));
    }
    return [...rowsByName].map(([name, rows]) => ({ name, rows }));
  };
  return {
    streams: streams('copy', (batch) => batch.rowsWritten),
    quarantine: streams('quarantine', (batch) => batch.rowsQuarantined),
    rowsRead: sum(batches, (batch) => batch.rowsRead),
    rowsWritten: sum(batches, (batch) => batch.rowsWritten),
    rowsDropped: sum(batches, (batch) => batch.rowsDropped),
    rowsRejected: sum(batches, (batch) => batch.rowsQuarantined),
    bytesWritten: sum(batches, (batch) => batch.bytes),
    totals: addTotals(batches.map((batch) => batch.totals)),
  };
}

function sum(batches: readonly Batch[], of: (batch: Batch) => number): number {
  return batches.reduce((total, batch) => total + of(batch), 0);
}
