/** Adds spans to what runs and the worker tell of themselves, and the trace of a job to its log lines. */
import type { RunOutcome } from '../etl/run-job.ts';
import type { RunObserver } from '../etl/run.ts';
import { jobName, type JobKey } from '../job/job.ts';
import { parseMessage } from '../job/message.ts';
import type { JobTraces } from '../observability/job-traces.ts';
import type { Delivery } from '../worker/delivery.ts';
import type { DeliveryDecision, WorkerObserver } from '../worker/worker-context.ts';

/** Decisions after which this worker has nothing more to do with the job's message. */
const LAST_DECISIONS: readonly DeliveryDecision[] = [
  'finished',
  'released',
  'nacked_over_limit',
  'unknown_organization',
];

/** The observer, with a span for each step and batch; unchanged without traces. */
export function tracedRunObserver(observer: RunObserver, traces: JobTraces | undefined): RunObserver {
  if (!traces) return observer;
  return {
    ...observer,
    stepStarted(key, step) {
      traces.stepStarted(jobName(key), step);
      observer.stepStarted(key, step);
    },
    stepFinished(key, step, seconds) {
      traces.stepFinished(jobName(key), step);
      observer.stepFinished(key, step, seconds);
    },
    checkpoint(key, progress, batch) {
      traces.batchAcknowledged(jobName(key), { rows: batch.rows, bytes: batch.bytes });
      observer.checkpoint(key, progress, batch);
    },
  };
}

/** The observer, with a span for each message and run; unchanged without traces. */
export function tracedWorkerObserver(
  observer: WorkerObserver,
  traces: JobTraces | undefined,
): WorkerObserver {
  if (!traces) return observer;
  return {
    ...observer,
    decided(decision, delivery) {
      const job = decided(traces, decision, delivery);
      // The log line about the last decision still needs the trace.
      observer.decided(decision, delivery);
      if (job !== undefined && LAST_DECISIONS.includes(decision)) traces.messageEnded(job);
    },
    runStarted(key, epoch, resumed) {
      traces.runStarted(jobName(key), { ...spanAttributes(key), lease_epoch: epoch, resumed });
      observer.runStarted(key, epoch, resumed);
    },
    runEnded(key, outcome, figures) {
      // The log line about the end still needs the trace.
      observer.runEnded(key, outcome, figures);
      const { rows, bytes } = figures;
      traces.runEnded(jobName(key), { outcome: outcome.kind, rows, bytes }, problemOf(outcome));
      if (['success', 'failed', 'cancelled'].includes(outcome.kind))
        traces.messageEnded(jobName(key), problemOf(outcome));
    },
  };
}

/** The job the message is about; of one that can never run there is no job to follow, and its dead letter tells all. */
function decided(traces: JobTraces, decision: DeliveryDecision, delivery: Delivery): string | undefined {
  const parsed = parseMessage(delivery.data);
  if (parsed.kind === 'invalid') return undefined;
  const { attributes, messageId } = delivery;
  const traceparent = attributes['googclient_traceparent'] ?? attributes['traceparent'];
  const name = jobName(parsed.request);
  const about = { ...spanAttributes(parsed.request), 'messaging.message.id': messageId };
  traces.messageDecided(name, decision, about, traceparent);
  return name;
}

/** What every span about a job carries. */
export function spanAttributes({ organizationId, jobId }: JobKey): {
  organization_id: string;
  job_id: string;
} {
  return { organization_id: organizationId, job_id: jobId };
}

function problemOf(outcome: RunOutcome): string | undefined {
  switch (outcome.kind) {
    case 'failed':
    case 'waiting':
      return `${outcome.reason}: ${outcome.message}`;
    case 'unsettled':
      return outcome.message;
    case 'needs_operator':
    case 'lost':
      return outcome.kind;
    case 'success':
    case 'cancelled':
    case 'interrupted':
      return undefined;
  }
}
