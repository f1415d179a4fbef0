/** What people do to jobs and organizations from the pages and the API: each act is recorded with who, before and after. */
import { jobName, type JobKey, type JobRequest } from '../job/job.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { Actor } from './access.ts';
import { HttpProblem } from './envelope.ts';

/** The part of the state that acts change. */
export type ChangeableState = Pick<State, 'jobs' | 'organizations' | 'audit'>;
/** Hands a queued job to the workers; rejects when the broker did not take it. */
export type PublishJob = (request: JobRequest) => Promise<string>;

/** What was done: a word for the address of the page it leads back to, and a sentence for people. */
export type Done = { readonly word: keyof typeof DONE_TEXTS; readonly message: string };

/** What a page says after an act. */
export const DONE_TEXTS: Readonly<Record<string, string>> = {
  retried: 'Queued again with a new plan; a worker takes it at once.',
  'retried-unpublished':
    'Queued again, but its message could not be published: a running worker publishes it by itself after two leases.',
  cancelled: 'Cancelled.',
  'cancel-asked': 'Asked to stop; it does at its next checkpoint.',
  paused: 'Paused: its jobs wait until it is resumed.',
  replayed: 'Replayed: its job is queued or published.',
  resumed: 'Resumed: its jobs may run.',
  'all-paused': 'Every organization is paused: running jobs stop at their next checkpoint, none starts.',
  'all-resumed': 'Resumed, but for what was paused by itself.',
};

/** FAILED or CANCELLED → QUEUED, and published; a failed publication costs only time. */
export async function retryJob(
  state: ChangeableState,
  publish: PublishJob,
  key: JobKey,
  actor: Actor,
): Promise<Done> {
  const before = await findJob(state, key);
  const outcome = await state.jobs.retry(key);
  if (outcome.kind === 'not_found') throw jobNotFound(key);
  if (outcome.kind === 'refused')
    throw refused(
      `${jobName(key)} is ${outcome.status}: only a job that failed or was cancelled can be retried`,
    );
  const after = await findJob(state, key);
  await recordJobChange(state, actor, 'retry', before, after);
  const { organizationId, jobId, jobType, window } = after;
  const published = await publish({ organizationId, jobId, jobType, window, requestedBy: actor.name }).then(
    () => true,
    () => false,
  );
  return done(published ? 'retried' : 'retried-unpublished');
}

/** At once where nobody runs it, at the next checkpoint where somebody does. */
export async function cancelJob(state: ChangeableState, key: JobKey, actor: Actor): Promise<Done> {
  const before = await findJob(state, key);
  const outcome = await state.jobs.requestCancel(key);
  if (outcome.kind === 'not_found') throw jobNotFound(key);
  if (outcome.kind === 'refused')
    throw refused(
      `${jobName(key)} is ${outcome.status}: only a job that is queued or in progress can be cancelled`,
    );
  await recordJobChange(state, actor, 'cancel', before, await findJob(state, key));
  return done(outcome.kind === 'cancelled' ? 'cancelled' : 'cancel-asked');
}

/** A paused organization starts no job. */
export async function pauseOrganization(
  state: ChangeableState,
  organizationId: string,
  change: 'pause' | 'resume',
  actor: Actor,
): Promise<Done> {
  const before = await state.organizations.find(organizationId);
  const outcome = await state.organizations[change](organizationId);
  if (outcome.kind === 'not_found' || !before)
    throw new HttpProblem(404, 'not_found', `there is no organization "${organizationId}"`);
  await state.audit.record({
    actor: actor.name,
    action: `org ${change}`,
    subject: organizationId,
    before: { paused: before.paused },
    after: { paused: outcome.organization.paused },
  });
  return done(change === 'pause' ? 'paused' : 'resumed');
}

/** All that are not paused, or all that were paused so. */
export async function pauseEverything(
  state: ChangeableState,
  change: 'pause' | 'resume',
  actor: Actor,
): Promise<Done> {
  const paused = change === 'pause';
  for (const before of await state.organizations[paused ? 'pauseAll' : 'resumeAll']())
    await state.audit.record({
      actor: actor.name,
      action: `org ${change} --all`,
      subject: before.organizationId,
      before: { paused: before.paused },
      after: { paused },
    });
  return done(paused ? 'all-paused' : 'all-resumed');
}

/** The sentence that goes with the word. */
export function done(word: string): Done {
  return { word, message: DONE_TEXTS[word] ?? '' };
}

async function findJob(state: ChangeableState, key: JobKey): Promise<JobRecord> {
  const job = await state.jobs.find(key);
  if (!job) throw jobNotFound(key);
  return job;
}

function recordJobChange(
  state: ChangeableState,
  actor: Actor,
  action: 'retry' | 'cancel',
  before: JobRecord,
  after: JobRecord,
): Promise<void> {
  const seen = (job: JobRecord) => ({
    status: job.status,
    plan_number: job.planNumber,
    cancel_requested: job.cancelRequested,
    error_reason: job.errorReason ?? null,
  });
  return state.audit.record({
    actor: actor.name,
    action,
    subject: jobName(before),
    before: seen(before),
    after: seen(after),
  });
}

/** What is there, but not in a state in which this can be done to it. */
export function refused(message: string): HttpProblem {
  return new HttpProblem(409, 'refused', message);
}

function jobNotFound({ organizationId, jobId }: JobKey): HttpProblem {
  return new HttpProblem(404, 'not_found', `there is no job "${jobId}" of organization "${organizationId}"`);
}
