/** Tells whether a commit that was not seen to take effect may still do so. */
import { TransientError } from '../job/errors.ts';
import type { WriteStreamState } from './destination.ts';

/** Passes only when every stream was gone before the rows were counted; throws `commit_ambiguous` to look again later otherwise. */
export function assertNothingCanLand(states: readonly WriteStreamState[], why: string): void {
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
