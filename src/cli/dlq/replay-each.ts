/** Replays dead letters one after the other, at most so many a second, until enough were replayed or Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import type { State } from '../../state/open-state.ts';
import { plannedReplay, replay, type Replay } from '../../worker/replay-dead-letter.ts';
import type { CliApp } from '../app-port.ts';
import { startCountBar } from '../count-bar.ts';
import type { Session } from '../session.ts';

type Manner = {
  readonly limit: number;
  readonly rate: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

/** What became of each letter that was looked at, and whether Ctrl-C came before the last one. */
export type Replays = { readonly replays: Replay[]; readonly interrupted: boolean };

/** Whether a job might have come of it. */
export function wasTried({ outcome }: Replay): boolean {
  return outcome !== 'refused' && outcome !== 'not_needed';
}

/** A letter that was begun is ended; those nothing can come of do not count towards the limit, or they would hide others for ever. */
export async function replayEach(
  letters: AsyncIterable<DeadLetterRecord> | Iterable<DeadLetterRecord>,
  expected: number,
  app: CliApp,
  state: State,
  session: Session,
  { limit, rate, dryRun = false, json = false }: Manner,
): Promise<Replays> {
  const replays: Replay[] = [];
  const interruption = new AbortController();
  const { signal } = interruption;
  const stopListening = session.io.onInterrupt(() => interruption.abort());
  let tried = 0;
  let justTried = false;
  const counted = { total: Math.min(expected, limit), done: () => tried };
  const bar = startCountBar('replaying dead letters', counted, session, !json);
  try {
    for await (const letter of letters) {
      if (justTried && !dryRun) await sleep(1_000 / rate, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return { replays, interrupted: true };
      const planned = await plannedReplay(letter, state);
      const done = dryRun
        ? planned
        : await replay(planned, state, (request) => app.publish(request), session.io.user);
      if (done.unpublished !== undefined)
        session.note(`${done.why} but could not be published, a worker does so: ${done.unpublished}`);
      replays.push(done);
      justTried = wasTried(done);
      if (justTried) tried += 1;
      if (tried >= limit) break;
    }
    return { replays, interrupted: false };
  } finally {
    bar.stop();
    stopListening();
  }
}
