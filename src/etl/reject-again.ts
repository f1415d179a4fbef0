/** Makes rejected rows once more of the rows the plan's module rejected, when what held them was lost. */
import type { QuarantineSet } from '../job/commit-set.ts';
import { TransientError } from '../job/errors.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { StreamWriter } from './destination.ts';
import { sliceOf } from './extract.ts';
import { MAX_BATCH_BYTES } from './load-stream.ts';
import { rowCutting, type RowCutting } from './row-cutting.ts';
import type { PlannedRun } from './run.ts';

type FilledStream = QuarantineSet['streams'][number];

/**
 * Reads the plan's rows again from its snapshot and writes those that its module rejects into new write streams, finalized
 * and not committed. Throws a JobError for what stands in the way; streams begun until then expire by themselves.
 */
export async function rejectAgain(run: PlannedRun, quarantine: TableRef): Promise<readonly FilledStream[]> {
  const session = await run.source.openReadSession(sliceOf(run), run.settings.readStreams);
  if (session.streams.length === 0) return [];
  const cutting = await rowCutting(run, session);
  const filled: FilledStream[] = [];
  // One after the other: this is rare, and so needs the memory of one stream.
  for (const [stream, readStream] of session.streams.entries())
    filled.push(...(await rejectedOf({ run, cutting, stream, readStream, quarantine })));
  return filled;
}

type ReadAgain = {
  readonly run: PlannedRun;
  readonly cutting: RowCutting;
  readonly stream: number;
  readonly readStream: string;
  readonly quarantine: TableRef;
};

/** The write stream that holds what is rejected of a read stream; none when nothing is. */
async function rejectedOf({
  run,
  cutting,
  stream,
  readStream,
  quarantine,
}: ReadAgain): Promise<FilledStream[]> {
  const { source, destination, budget, plan, signal } = run;
  const incoming = source.readRows(readStream, 0, signal);
  const options = { firstRow: 0, maxRows: plan.batchRows, maxBytes: MAX_BATCH_BYTES, cuts: [] };
  const cuts = cutting.batches(stream, incoming, options, signal);
  const { quarantineSchema } = cutting;
  let to: { readonly name: string; readonly writer: StreamWriter } | undefined;
  let rows = 0;
  // What is cut and what is rejected of it.
  const reservation = await budget.reserve(2 * MAX_BATCH_BYTES, signal);
  try {
    for await (const { rejected } of cuts) {
      signal.throwIfAborted();
      if (!rejected || !quarantineSchema) continue;
      if (!to) {
        const name = await destination.createWriteStream(quarantine, signal);
        to = { name, writer: destination.openWriter(name, quarantineSchema) };
      }
      const outcome = await to.writer.append(rejected, rows);
      if (outcome.kind !== 'acknowledged') throw new TransientError('stream_lost', outcome.message);
      rows += rejected.rowCount;
    }
  } finally {
    reservation.release();
    to?.writer.close();
  }
  return to ? [await finalized(run, { name: to.name, rows })] : [];
}

async function finalized({ destination }: PlannedRun, stream: FilledStream): Promise<FilledStream> {
  const found = await destination.finalizeWriteStream(stream.name);
  if (found.kind === 'finalized' && found.rows === stream.rows) return stream;
  const held = found.kind === 'missing' ? 'is gone' : `holds ${found.rows} rows`;
  throw new TransientError('stream_lost', `${stream.name} ${held} of ${stream.rows} that were acknowledged`);
}
