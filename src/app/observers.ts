/** Turns what runs and the worker tell of themselves into log entries and metrics. */
import type { RunOutcome } from '../etl/run-job.ts';
import type { RunObserver, RunProgress } from '../etl/run.ts';
import { jobName, type JobKey } from '../job/job.ts';
import { parseMessage } from '../job/message.ts';
import type { TraceContext } from '../observability/log-line.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Delivery } from '../worker/delivery.ts';
import type { WorkerObserver } from '../worker/worker-context.ts';

/** The trace a job's log lines belong to, if one is known. */
export type TraceOf = (job: string) => TraceContext | undefined;

const untraced: TraceOf = () => undefined;

/** Steps at info, some checkpoints at debug: a long job must not flood the log. */
export function runObserver(logger: Logger, metrics: Metrics, traceOf = untraced): RunObserver {
  const about = (key: JobKey): Logger => loggerAbout(key, logger, traceOf);
  const told = new ToldCheckpoints();
  return {
    stepStarted: (key, step) => {
      told.forget(jobName(key));
      about(key).debug(`step ${step} started`, { step });
    },
    stepFinished: (key, step, seconds) =>
      about(key).info(`step ${step} done`, { step, duration_seconds: rounded(seconds) }),
    checkpoint: (key, progress, batch) => {
      metrics.batchAcknowledged(batch);
      metrics.jobAdvanced(jobName(key));
      if (!logger.isEnabled('debug') || !told.isWorthALine(jobName(key), progress)) return;
      about(key).debug('checkpoint', {
        records_processed: progress.rowsDone,
        records_estimated: progress.rowsEstimated,
        bytes_processed: progress.bytesDone,
      });
    },
    note: (key, message, metadata) => about(key).info(message, metadata),
  };
}

export function workerObserver(
  logger: Logger,
  metrics: Metrics,
  traceOf = untraced,
  /** How loudly a failed job is logged: a command says so itself. */
  failureLevel: 'error' | 'info' = 'error',
): WorkerObserver {
  const about = (key: JobKey): Logger => loggerAbout(key, logger, traceOf);
  const loggerOf = (delivery: Delivery): Logger => {
    const parsed = parseMessage(delivery.data);
    return parsed.kind === 'valid' ? about(parsed.request) : logger;
  };
  return {
    decided: (decision, delivery) => {
      metrics.delivery(decision);
      const metadata = { message_id: delivery.messageId };
      if (decision === 'runs_alone')
        loggerOf(delivery).warn('processes died under this job: it waits to run alone', metadata);
      else if (logger.isEnabled('debug')) loggerOf(delivery).debug(`delivery ${decision}`, metadata);
    },
    runStarted: (key, epoch, resumed) => {
      metrics.jobAdvanced(jobName(key));
      about(key).info(resumed ? 'job taken over from its last checkpoint' : 'job started', {
        lease_epoch: epoch,
      });
    },
    runEnded: (key, outcome, progress) => {
      metrics.jobLeft(jobName(key));
      reportEnd(about(key), metrics, outcome, progress, failureLevel);
    },
    deadLettered: (reason, delivery, violations) => {
      metrics.deadLettered(reason);
      metrics.delivery('dead_lettered');
      loggerOf(delivery).warn('message dead-lettered', {
        reason,
        violations,
        message_id: delivery.messageId,
      });
    },
    leaseLost: (key) => {
      metrics.leaseLost();
      about(key).warn('lease lost; the job is left to its new owner');
    },
    databaseLost: (message) =>
      logger.error('database out of reach; pulling stops, held messages stay held', { error: message }),
    databaseBack: () => logger.info('database reachable again; pulling resumes'),
    republished: (key) => about(key).warn('job had no message any more and was published again'),
    trouble: (message, key) => (key ? about(key) : logger).error(message),
  };
}

/** At most some twenty checkpoints of a step are worth a line each, however many batches it has. */
class ToldCheckpoints {
  readonly #nextRows = new Map<string, number>();

  /** The first, and then one for each twentieth of the estimate, or for each doubling where there is none. */
  isWorthALine(job: string, { rowsDone, rowsEstimated }: RunProgress): boolean {
    if (rowsDone < (this.#nextRows.get(job) ?? 0)) return false;
    const isBeyond = rowsDone >= rowsEstimated;
    this.#nextRows.set(job, isBeyond ? 2 * rowsDone : rowsDone + rowsEstimated / 20);
    return true;
  }

  forget(job: string): void {
    this.#nextRows.delete(job);
    // Of a run that failed in this step nobody tells the end.
    const [oldest] = this.#nextRows.keys();
    if (this.#nextRows.size > MAX_REMEMBERED && oldest !== undefined) this.#nextRows.delete(oldest);
  }
}

const MAX_REMEMBERED = 1_000;

function loggerAbout(key: JobKey, logger: Logger, traceOf: TraceOf): Logger {
  const trace = traceOf(jobName(key));
  return logger.child(trace === undefined ? key : { ...key, trace });
}

type EndReport = { readonly seconds: number; readonly rows: number; readonly bytes: number };

function reportEnd(
  logger: Logger,
  metrics: Metrics,
  outcome: RunOutcome,
  { seconds, rows, bytes }: EndReport,
  failureLevel: 'error' | 'info',
): void {
  const metadata = { duration_seconds: rounded(seconds), records_processed: rows, bytes_processed: bytes };
  switch (outcome.kind) {
    case 'success':
      metrics.jobFinished({ status: 'SUCCESS', reason: 'none', seconds, rows, bytes });
      return logger.info('job succeeded', metadata);
    case 'failed':
      metrics.jobFinished({ status: 'FAILED', reason: outcome.reason, seconds });
      return logger[failureLevel]('job failed', {
        ...metadata,
        reason: outcome.reason,
        error: outcome.message,
      });
    case 'cancelled':
      metrics.jobFinished({ status: 'CANCELLED', reason: 'cancelled', seconds });
      return logger.info('job cancelled', metadata);
    case 'waiting':
      metrics.retryScheduled(outcome.reason);
      return logger.warn('attempt failed, the job is tried again', {
        ...metadata,
        reason: outcome.reason,
        error: outcome.message,
      });
    case 'interrupted':
      metrics.interrupted();
      return logger.info('job stopped at a checkpoint and released', metadata);
    case 'lost':
      return logger.warn('run given up: the job belongs to somebody else', metadata);
    case 'unsettled':
      return logger.error('run ended but could not be recorded; its lease will run out', {
        ...metadata,
        error: outcome.message,
      });
    case 'needs_operator':
      return logger.error(
        'the outcome of the commit is ambiguous; an operator has to settle it (runbook: commit_ambiguous)',
        metadata,
      );
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
