/** Replays a dead letter from the page, and says as an answer of HTTP what came of it. */
import { plannedReplay, replay, type ReplayableState } from '../worker/replay-dead-letter.ts';
import type { Actor } from './access.ts';
import { done, refused, type Done, type PublishJob } from './act.ts';
import { HttpProblem } from './envelope.ts';

/** Throws an HttpProblem for a letter that is not there, needs no replay or could only fail again, or was not published. */
export async function replayLetter(
  state: ReplayableState,
  publish: PublishJob,
  id: number,
  actor: Actor,
): Promise<Done> {
  const letter = await state.deadLetters.find(id);
  if (!letter) throw new HttpProblem(404, 'not_found', `there is no dead letter ${id}`);
  const { outcome, why } = await replay(await plannedReplay(letter, state), state, publish, actor.name);
  if (outcome === 'failed')
    // What the broker said may name what a browser should not show.
    throw new HttpProblem(503, 'not_published', `dead letter ${id} could not be published: try again`);
  if (outcome === 'not_needed' || outcome === 'refused') throw refused(`dead letter ${id}: ${why}`);
  return done('replayed');
}
