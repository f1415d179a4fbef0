/** Replays a dead letter from the page: its failed job is retried, or its message is published as a job. */
import { isTerminal } from '../job/job-status.ts';
import { jobName, type JobRequest } from '../job/job.ts';
import { parseMessage } from '../job/message.ts';
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import type { State } from '../state/open-state.ts';
import type { Actor } from './access.ts';
import { done, refused, retryJob, type ChangeableState, type Done, type PublishJob } from './act.ts';
import { HttpProblem } from './envelope.ts';

export type ReplayableState = ChangeableState & Pick<State, 'deadLetters'>;

/** Marks the letter last: a crash in between publishes twice, which one job key makes harmless, and loses nothing. */
export async function replayLetter(
  state: ReplayableState,
  publish: PublishJob,
  id: number,
  actor: Actor,
): Promise<Done> {
  const letter = await state.deadLetters.find(id);
  if (!letter) throw new HttpProblem(404, 'not_found', `there is no dead letter ${id}`);
  if (letter.replayedAt !== undefined)
    throw refused(`this was replayed before, by ${letter.replayedBy ?? 'somebody'}`);
  const request = requestOf(letter);
  if (!request) throw refused('no job can come of this message: the publisher has to send a valid one');
  if (!(await state.organizations.find(request.organizationId)))
    throw refused(`organization "${request.organizationId}" is not configured: add it with org set`);
  const before = await state.jobs.find(request);
  if (before?.status === 'FAILED') await retryJob(state, publish, request, actor);
  else if (before)
    throw refused(
      `${jobName(request)} ${isTerminal(before.status) ? 'has ended' : 'goes on by itself'}: it is ${before.status}`,
    );
  else await publishAnew(publish, { ...request, requestedBy: actor.name });
  await state.deadLetters.markReplayed(id, actor.name);
  await state.audit.record({
    actor: actor.name,
    action: 'replay',
    subject: jobName(request),
    before: { dead_letter: id, status: before?.status ?? null },
    after: { dead_letter: id, status: (await state.jobs.find(request))?.status ?? null },
  });
  return done('replayed');
}

/** Whether a job can come of the letter at all. */
export function isReplayable(letter: DeadLetterRecord): boolean {
  return letter.replayedAt === undefined && requestOf(letter) !== undefined;
}

function requestOf({ message, messageEncoding }: DeadLetterRecord): JobRequest | undefined {
  const parsed = parseMessage(Buffer.from(message, messageEncoding));
  return parsed.kind === 'valid' ? parsed.request : undefined;
}

/** Without a job on record nobody else would publish it, so here a failure is one. */
async function publishAnew(publish: PublishJob, request: JobRequest): Promise<void> {
  try {
    await publish(request);
  } catch {
    throw new HttpProblem(503, 'not_published', `${jobName(request)} could not be published: try again`);
  }
}
