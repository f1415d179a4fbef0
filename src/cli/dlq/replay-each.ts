/** Replays dead letters one after the other, at most so many a second, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import type { State } from '../../state/open-state.ts';
import { plannedReplay, replay, type Replay } from '../../worker/replay-dead-letter.ts';
import type { CliApp } from '../app-port.ts';
import { startCountBar } from '../count-bar.ts';
import type { Session } from '../session.ts';

type Manner = { readonly rate: number; readonly dryRun?: boolean; readonly json?: boolean };

/** What became of each letter; of fewer when Ctrl-C came first, since one that was begun is ended. */
export async function replayEach(
  letters: readonly DeadLetterRecord[],
  app: CliApp,
  state: State,
  session: Session,
  { rate, dryRun = false, json = false }: Manner,
): Promise<Replay[]> {
  const replays: Replay[] = [];
  const interruption = new AbortController();
  const { signal } = interruption;
  const stopListening = session.io.onInterrupt(() => interruption.abort());
  const counted = { total: letters.length, done: () => replays.length };
  const bar = startCountBar('replaying dead letters', counted, session, !json);
  try {
    for (const letter of letters) {
      if (signal.aborted) break;
      const planned = await plannedReplay(letter, state);
      const done = dryRun
        ? planned
        : await replay(planned, state, (request) => app.publish(request), session.io.user);
      if (done.unpublished !== undefined)
        session.note(`${done.why} but could not be published, a worker does so: ${done.unpublished}`);
      replays.push(done);
      if (!dryRun && replays.length < letters.length && done.outcome !== 'refused')
        await sleep(1_000 / rate, undefined, { signal }).catch(() => undefined);
    }
    return replays;
  } finally {
    bar.stop();
    stopListening();
  }
}
