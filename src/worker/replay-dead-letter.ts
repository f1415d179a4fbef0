/** Replays a dead letter, for the command line and the page alike: its job is retried, or its message is published as a job. */
import { messageOf } from '../job/errors.ts';
import { isTerminal } from '../job/job-status.ts';
import { jobName, type JobRequest } from '../job/job.ts';
import { parseMessage } from '../job/message.ts';
import type { DeadLetterRecord } from '../state/dead-letter-store.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';

/** What a replay does or did. `not_needed`: the job runs or has succeeded; `refused`: it could only fail again. */
export type Replay = {
  readonly letter: DeadLetterRecord;
  readonly outcome: 'retried' | 'published' | 'not_needed' | 'refused' | 'failed';
  readonly why: string;
  /** Why a retried job was not published; it is on record as QUEUED, so a worker publishes it. */
  readonly unpublished?: string;
};

/** The part of the state that a replay looks at and changes. */
export type ReplayableState = Pick<State, 'jobs' | 'organizations' | 'deadLetters' | 'audit'>;

/** Whether a job can come of the letter at all. */
export function isReplayable(letter: DeadLetterRecord): boolean {
  return letter.replayedAt === undefined && parsed(letter).kind === 'valid';
}

/** What replaying the letter would come to. Changes nothing. */
export async function plannedReplay(letter: DeadLetterRecord, state: ReplayableState): Promise<Replay> {
  const as = (outcome: Replay['outcome'], why: string): Replay => ({ letter, outcome, why });
  if (letter.replayedAt !== undefined)
    return as('not_needed', `replayed before by ${letter.replayedBy ?? 'somebody'}`);
  const message = parsed(letter);
  if (message.kind === 'invalid')
    return as('refused', `no job can come of it: ${message.violations.join('; ')}`);
  const { request } = message;
  if (!(await state.organizations.find(request.organizationId)))
    return as('refused', `organization "${request.organizationId}" is not configured: add it with org set`);
  const job = await state.jobs.find(request);
  if (!job) return as('published', `${jobName(request)} is published as a job`);
  if (job.status === 'FAILED') return as('retried', `${jobName(job)} is queued again with a new plan`);
  const why = isTerminal(job.status) ? `has ended as ${job.status}` : `goes on by itself (${job.status})`;
  return as('not_needed', `${jobName(job)} ${why}`);
}

/** Does what was planned, marks the letter as replayed and audits it; repeating it after a crash does nothing twice. */
export async function replay(
  planned: Replay,
  state: ReplayableState,
  publish: (request: JobRequest) => Promise<string>,
  actor: string,
): Promise<Replay> {
  const { letter } = planned;
  const message = parsed(letter);
  if ((planned.outcome !== 'retried' && planned.outcome !== 'published') || message.kind === 'invalid')
    return planned;
  const { request } = message;
  const before = await state.jobs.find(request);
  if (planned.outcome === 'retried') {
    const retry = await state.jobs.retry(request);
    if (retry.kind !== 'queued') return plannedReplay(letter, state);
  }
  const unpublished = await publish({ ...(before ? requestOf(before) : request), requestedBy: actor }).then(
    () => undefined,
    messageOf,
  );
  // Without a job on record nobody else would publish it.
  if (unpublished !== undefined && planned.outcome === 'published')
    return { ...planned, outcome: 'failed', why: `publishing failed: ${unpublished}` };
  // After publishing: a crash in between publishes twice, which one job key makes harmless, and loses nothing.
  await state.deadLetters.markReplayed(letter.id, actor);
  await audit(letter, request, before, state, actor);
  return unpublished === undefined ? planned : { ...planned, unpublished };
}

async function audit(
  letter: DeadLetterRecord,
  request: JobRequest,
  before: JobRecord | undefined,
  state: ReplayableState,
  actor: string,
): Promise<void> {
  const after = await state.jobs.find(request);
  const error = { error_reason: before?.errorReason ?? null, error_message: before?.errorMessage ?? null };
  await state.audit.record({
    actor,
    action: 'replay',
    subject: jobName(request),
    before: { dead_letter: letter.id, status: before?.status ?? null, ...error },
    after: { dead_letter: letter.id, status: after?.status ?? null, plan_number: after?.planNumber ?? null },
  });
}

function parsed({ message, messageEncoding }: DeadLetterRecord): ReturnType<typeof parseMessage> {
  return parseMessage(Buffer.from(message, messageEncoding));
}

/** The first request of a job wins, so the message of its dead letter may say something else. */
function requestOf({ organizationId, jobId, jobType, window, requestedBy }: JobRecord): JobRequest {
  return { organizationId, jobId, jobType, window, requestedBy };
}
