/** Commits the recorded write streams of one table, or finds out by their rows what became of them. */
import { TransientError } from '../job/errors.ts';
import type { TableRef } from '../job/table-ref.ts';
import type { Destination, WriteStreamState } from './destination.ts';

type StreamsOfTable = {
  readonly table: TableRef;
  readonly location: string;
  readonly streams: readonly { readonly name: string; readonly rows: number }[];
};

/** What became of write streams that were to be committed. */
export type CommittedStreams =
  /** All of their rows can be seen, by this call or an earlier one. */
  | { readonly kind: 'visible' }
  /** None of their rows can be seen, and none ever will: every stream was gone before they were looked for. */
  | { readonly kind: 'lost'; readonly why: string }
  /** Which a commit of all or nothing cannot produce. */
  | { readonly kind: 'partly_visible'; readonly found: number; readonly why: string };

/**
 * Safe to repeat. Where the streams were not seen committed the table is asked: rows carrying the lineage are the evidence.
 * The streams are looked at first: a commit that is still to land is one of a stream that is still there, and one that landed
 * before its stream was gone shows in the rows counted afterwards. Throws `commit_ambiguous` to look again later.
 */
export async function commitStreams(
  destination: Destination,
  { table, location, streams }: StreamsOfTable,
  lineage: string,
  onAmbiguous: (why: string) => void = () => undefined,
): Promise<CommittedStreams> {
  const names = streams.map(({ name }) => name);
  const outcome = await destination.commitWriteStreams(table, names);
  if (outcome.kind === 'committed') return { kind: 'visible' };
  const why = outcome.message;
  onAmbiguous(why);
  const states = await Promise.all(names.map((name) => destination.writeStreamState(name)));
  const found = await destination.rowsOf(table, location, lineage);
  if (found === rowsIn(streams)) return { kind: 'visible' };
  if (found > 0) return { kind: 'partly_visible', found, why };
  assertNothingCanLand(states, why);
  return { kind: 'lost', why };
}

/** Rows that wait in write streams. */
export function rowsIn(streams: StreamsOfTable['streams']): number {
  return streams.reduce((sum, stream) => sum + stream.rows, 0);
}

function assertNothingCanLand(states: readonly WriteStreamState[], why: string): void {
  if (states.some((state) => state.kind === 'committed')) {
    throw new TransientError(
      'commit_ambiguous',
      'the streams say committed while no row is visible yet; looking again later',
    );
  }
  if (states.some((state) => state.kind === 'open')) {
    throw new TransientError(
      'commit_ambiguous',
      `the commit failed while its streams are still open: ${why}`,
    );
  }
}
