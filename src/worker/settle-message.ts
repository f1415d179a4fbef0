/** Settles one held message: dead-letters it, claims and runs its job, or says until when to park it. */
import { runJob, type RunOutcome } from '../etl/run-job.ts';
import { settleStop } from '../etl/settle-run.ts';
import { MICROS_PER_MS, type Micros } from '../job/instant.ts';
import { isTerminal } from '../job/job-status.ts';
import type { JobKey, JobRequest } from '../job/job.ts';
import type { ClaimOptions, ClaimOutcome } from '../state/transitions/claim.ts';
import { deadLetterAttributes } from './dead-letter.ts';
import type { HeldMessage } from './held-messages.ts';
import { RunPatience } from './run-patience.ts';
import { observerWithSigns, sidesWithSigns } from './signs-of-life.ts';
import type { WorkerContext } from './worker-context.ts';

/** What to do with the message now. */
export type Settlement =
  | Settled
  /** A slot is needed to go on, or all of them: processes died under this job. */
  | { readonly kind: 'needs_slot' | 'needs_all_slots' };

type Settled = (
  | { readonly kind: 'ack' }
  /** mayGiveBack: the job is on record and waits, so the broker may hold its message when too many are held here. */
  | { readonly kind: 'park'; readonly delayMs: number; readonly mayGiveBack: boolean }
) & {
  /** The job of the organization whose turn it is now that this one lets it go. */
  readonly next?: JobKey | undefined;
};

type Claimed = Extract<ClaimOutcome, { kind: 'claimed' }>;

/** What needs no job slot: invalid messages and jobs that have ended. Throws when the database or the broker is out of reach. */
export async function settleWithoutSlot(context: WorkerContext, message: HeldMessage): Promise<Settlement> {
  const { parsed, delivery } = message;
  if (parsed.kind === 'invalid') {
    await context.publisher.publishDeadLetter(delivery.data, deadLetterAttributes(delivery, parsed));
    context.observer.deadLettered(parsed.reason, delivery, parsed.violations);
    return { kind: 'ack' };
  }
  const { jobs } = context.services.state;
  // What waits here is on record, and its doorbell rung by the heartbeat: looking need not write.
  const known = message.hasParked ? await jobs.find(parsed.request) : undefined;
  const job = known ?? (await jobs.admit(parsed.request, delivery.messageId));
  if (!isTerminal(job.status)) return { kind: 'needs_slot' };
  context.observer.decided('finished', delivery);
  return { kind: 'ack' };
}

/** Claims the job and runs it to an end, if the database says it is its turn. Throws when the database is out of reach. */
export async function settleInSlot(
  context: WorkerContext,
  message: HeldMessage,
  request: JobRequest,
  options: ClaimOptions = {},
): Promise<Settlement> {
  const { settings, services, running, observer } = context;
  // A process with a run that it cannot end is about to end itself: whatever it began now would be stopped again.
  if (running.stuck !== undefined) return park(context, message, pollMs(context), true);
  const claimSentMs = services.clock.nowMs();
  const claim = await services.state.jobs.claim(request, settings.owner, settings.leaseMs, options);
  switch (claim.kind) {
    case 'claimed':
      observer.decided('claimed', message.delivery);
      return runClaimed(context, message, claim, claimSentMs + settings.leaseMs);
    case 'finished':
      observer.decided('finished', message.delivery);
      return { kind: 'ack' };
    case 'must_run_alone':
      observer.decided('runs_alone', message.delivery);
      return { kind: 'needs_all_slots' };
    case 'crash_loop':
      return ended(context, request, { kind: 'failed', reason: 'crash_loop', message: claim.message }, 0);
    case 'unknown_organization':
      return failUnknownOrganization(context, message, request);
    case 'not_due':
      return park(context, message, await delayUntil(context, claim.nextAttemptAt), true);
    case 'behind':
    case 'paused':
      return park(context, message, pollMs(context), true);
    case 'busy': {
      const delayMs = Math.min(pollMs(context), await delayUntil(context, claim.leaseExpiresAt));
      return park(context, message, delayMs, false);
    }
    case 'needs_operator':
      return park(context, message, pollMs(context), false);
    case 'unknown_job':
      return { kind: 'park', delayMs: 0, mayGiveBack: false };
  }
}

async function runClaimed(
  context: WorkerContext,
  message: HeldMessage,
  { lease, job, organization, resumed }: Claimed,
  sureUntilMs: number,
): Promise<Settlement> {
  const { settings, services, running, observer } = context;
  const startedMs = services.clock.nowMs();
  const patience = new RunPatience(startedMs, settings.leaseMs, settings.noProgressTimeoutMs);
  const moved = (): void => patience.moved();
  const { signal, stuck } = running.add(lease, sureUntilMs, patience);
  message.phase = 'running';
  observer.runStarted(lease, lease.epoch, resumed);
  const ours = {
    ...services,
    observer: observerWithSigns(services.observer, moved),
    lease,
    job,
    organization,
    signal,
  };
  const run = async (): Promise<RunOutcome> => {
    const sides = await context.openSides(organization);
    return runJob({ ...ours, ...sidesWithSigns(sides, moved) });
  };
  // What a run does after it was given up changes nothing: its lease is gone.
  const givenUp = stuck.then(() => settleStop(ours, 'stalled'));
  const outcome = await Promise.race([run(), givenUp]).finally(() => running.remove(lease));
  if (outcome.kind === 'lost') observer.leaseLost(lease);
  return ended(context, lease, outcome, (services.clock.nowMs() - startedMs) / 1000);
}

/** Tells of the end and asks whose turn it is; a database that does not answer leaves the figures at 0, and the next job to its poll. */
async function ended(
  context: WorkerContext,
  key: JobKey,
  outcome: RunOutcome,
  seconds: number,
): Promise<Settled> {
  const end = await context.services.state.jobs.runEnd(key).catch(() => undefined);
  const { rowsWritten: rows = 0, bytesWritten: bytes = 0, nextJobId } = end ?? {};
  context.observer.runEnded(key, outcome, { seconds, rows, bytes });
  const isNext = nextJobId !== undefined && nextJobId !== key.jobId;
  const next = isNext ? { organizationId: key.organizationId, jobId: nextJobId } : undefined;
  return { ...(await afterRun(context, outcome)), next };
}

/** Ends that are recorded are acked; everything else is held on to, or given back when this replica is draining. */
async function afterRun(context: WorkerContext, outcome: RunOutcome): Promise<Settled> {
  switch (outcome.kind) {
    case 'success':
    case 'failed':
    case 'cancelled':
      return { kind: 'ack' };
    case 'waiting':
      return { kind: 'park', delayMs: await delayUntil(context, outcome.nextAttemptAt), mayGiveBack: true };
    case 'interrupted':
      return { kind: 'park', delayMs: pollMs(context), mayGiveBack: true };
    case 'lost':
    case 'unsettled':
    case 'needs_operator':
      return { kind: 'park', delayMs: pollMs(context), mayGiveBack: false };
  }
}

async function failUnknownOrganization(
  context: WorkerContext,
  message: HeldMessage,
  request: JobRequest,
): Promise<Settlement> {
  const text = `organization "${request.organizationId}" is not configured; add it with org set ${request.organizationId} --source … --destination …`;
  const outcome = await context.services.state.jobs.failUnclaimed(request, 'unknown_organization', text);
  if (outcome.kind === 'lost') return { kind: 'park', delayMs: 0, mayGiveBack: false };
  context.observer.decided('unknown_organization', message.delivery);
  return { kind: 'ack' };
}

function park(
  context: WorkerContext,
  message: HeldMessage,
  delayMs: number,
  mayGiveBack: boolean,
): Settlement {
  if (!message.hasParked) context.observer.decided('parked', message.delivery);
  return { kind: 'park', delayMs, mayGiveBack };
}

/** How often a message that follows another replica's run looks whether it has ended. */
function pollMs({ settings }: WorkerContext): number {
  return settings.leaseMs / 3;
}

async function delayUntil({ services }: WorkerContext, instant: Micros): Promise<number> {
  const remaining = instant - (await services.state.now());
  return remaining > 0n ? Number(remaining / MICROS_PER_MS) + 1 : 0;
}
