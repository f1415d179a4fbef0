/** Replays one dead letter: its job is retried and published, or its message is published again as a job. */
import { isTerminal } from '../../job/job-status.ts';
import { jobName, type JobKey, type JobRequest } from '../../job/job.ts';
import { parseMessage } from '../../job/message.ts';
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import type { JobRecord } from '../../state/job-record.ts';
import type { State } from '../../state/open-state.ts';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import type { Session } from '../session.ts';

/** What a replay does or did. `not_needed`: the job runs or has succeeded; `refused`: it could only fail again. */
export type Replay = {
  readonly letter: DeadLetterRecord;
  readonly outcome: 'retried' | 'published' | 'not_needed' | 'refused' | 'failed';
  readonly why: string;
};

/** What replaying the letter would come to. Changes nothing. */
export async function plannedReplay(letter: DeadLetterRecord, state: State): Promise<Replay> {
  const as = (outcome: Replay['outcome'], why: string): Replay => ({ letter, outcome, why });
  if (letter.replayedAt !== undefined)
    return as('not_needed', `replayed before by ${letter.replayedBy ?? 'somebody'}`);
  const parsed = parseMessage(Buffer.from(letter.message, letter.messageEncoding));
  if (parsed.kind === 'invalid')
    return as('refused', `no job can come of it: ${parsed.violations.join('; ')}`);
  const { request } = parsed;
  if (!(await state.organizations.find(request.organizationId)))
    return as('refused', `organization "${request.organizationId}" is not configured: add it with org set`);
  const job = await state.jobs.find(request);
  if (!job) return as('published', `${jobName(request)} is published as a job`);
  if (job.status === 'FAILED') return as('retried', `${jobName(job)} is queued again with a new plan`);
  const why = isTerminal(job.status) ? `has ended as ${job.status}` : `goes on by itself (${job.status})`;
  return as('not_needed', `${jobName(job)} ${why}`);
}

/** Does it, marks the letter as replayed and audits it; repeating it after a crash does nothing twice. */
export async function replay(planned: Replay, app: CliApp, state: State, session: Session): Promise<Replay> {
  if (planned.outcome !== 'retried' && planned.outcome !== 'published') return planned;
  const { letter } = planned;
  const parsed = parseMessage(Buffer.from(letter.message, letter.messageEncoding));
  if (parsed.kind === 'invalid') return planned;
  const { request } = parsed;
  const before = await state.jobs.find(request);
  if (planned.outcome === 'retried') {
    const retry = await state.jobs.retry(request);
    if (retry.kind !== 'queued') return plannedReplay(letter, state);
  }
  try {
    await app.publish({ ...(before ? requestOf(before) : request), requestedBy: session.io.user });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (planned.outcome === 'published')
      return { ...planned, outcome: 'failed', why: `publishing failed: ${why}` };
    // On record as QUEUED by now: the reaper publishes it.
    session.note(`${jobName(request)} is queued but could not be published, a worker does so: ${why}`);
  }
  // After publishing: a crash in between publishes twice, which one job key makes harmless, and loses nothing.
  await state.deadLetters.markReplayed(letter.id, session.io.user);
  await audit(letter, request, before, state, session);
  return planned;
}

async function audit(
  letter: DeadLetterRecord,
  key: JobKey,
  before: JobRecord | undefined,
  state: State,
  session: Session,
): Promise<void> {
  const after = await state.jobs.find(key);
  const error = { error_reason: before?.errorReason ?? null, error_message: before?.errorMessage ?? null };
  await recordChange(state, session, {
    action: 'replay',
    subject: jobName(key),
    before: { dead_letter: letter.id, status: before?.status ?? null, ...error },
    after: { dead_letter: letter.id, status: after?.status ?? null, plan_number: after?.planNumber ?? null },
  });
}

/** The first request of a job wins, so the message of its dead letter may say something else. */
function requestOf({ organizationId, jobId, jobType, window, requestedBy }: JobRecord): JobRequest {
  return { organizationId, jobId, jobType, window, requestedBy };
}
