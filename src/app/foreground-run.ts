/** Runs one job here and now: a worker of its own, one message, no Pub/Sub. */
import type { CallRates } from '../bigquery/call-rates.ts';
import type { Config } from '../config/config.ts';
import type { RunObserver, RunProgress } from '../etl/run.ts';
import { jobName, type JobRequest, type Step } from '../job/job.ts';
import type { Logger } from '../observability/logger.ts';
import type { JobTraces } from '../observability/job-traces.ts';
import { createMetrics } from '../observability/metrics.ts';
import { encodeMessage } from '../job/encode-message.ts';
import type { JobRecord } from '../state/job-record.ts';
import type { State } from '../state/open-state.ts';
import type { Publisher } from '../worker/publisher.ts';
import { Worker } from '../worker/worker.ts';
import { runObserver, workerObserver, type TraceOf } from './observers.ts';
import { createRunServices } from './run-services.ts';
import type { SidesRegistry } from './sides.ts';
import { singleDelivery } from './single-delivery.ts';
import { tracedRunObserver, tracedWorkerObserver } from './traced-observers.ts';
import { workerSettings } from './worker-settings.ts';

export type ForegroundRun = {
  readonly config: Config;
  readonly logger: Logger;
  readonly state: State;
  readonly sides: SidesRegistry;
  readonly rates: CallRates;
  /** Undefined: no spans are made. */
  readonly traces: JobTraces | undefined;
  readonly signal: AbortSignal;
  readonly onStep: (step: Step) => void;
  readonly onProgress: (progress: RunProgress) => void;
};

/** Resolves with the job as it is recorded when the run has ended, was stopped at a checkpoint or needs an operator. */
export async function runInForeground(request: JobRequest, run: ForegroundRun): Promise<JobRecord> {
  const { config, logger, state, signal, traces } = run;
  const traceOf: TraceOf = (job) => traces?.contextOf(job);
  const { source, settled } = singleDelivery(encodeMessage(request));
  const metrics = createMetrics();
  const services = createRunServices(
    config,
    state,
    told(tracedRunObserver(runObserver(logger, metrics, traceOf), traces), run),
  );
  const observer = tracedWorkerObserver(workerObserver(logger, metrics, traceOf, 'info'), traces);
  // A job that waits for a person is held for as long; a command in the foreground hands it to that person. And nothing more
  // begins in a process with a run that it cannot end.
  const isOver = new AbortController();
  const worker = new Worker({
    settings: { ...workerSettings(config), kind: 'foreground' },
    services,
    deliveries: source,
    publisher: noPublisher,
    openSides: (organization) => run.sides.open(organization),
    observer: {
      ...observer,
      runEnded(key, outcome, figures) {
        observer.runEnded(key, outcome, figures);
        if (outcome.kind === 'needs_operator' || worker.state().stuckJob !== undefined) isOver.abort();
      },
    },
  });
  // The live workers have theirs; this process takes one share more.
  run.rates.shareAmong((await state.countLiveWorkers()) + 1);
  worker.start();
  await Promise.race([settled, aborted(signal), aborted(isOver.signal)]);
  await worker.drain();
  const job = await state.jobs.find(request);
  if (!job) throw new Error(`job ${jobName(request)} is not in the database`);
  return job;
}

function told(
  observer: RunObserver,
  { onStep, onProgress }: Pick<ForegroundRun, 'onStep' | 'onProgress'>,
): RunObserver {
  return {
    ...observer,
    stepStarted(key, step) {
      observer.stepStarted(key, step);
      onStep(step);
    },
    checkpoint(key, progress, batch) {
      observer.checkpoint(key, progress, batch);
      onProgress(progress);
    },
  };
}

/** A message made here is valid, so nothing is ever dead-lettered; and nobody looks for silent jobs. */
const noPublisher: Publisher = {
  publishJob: () => Promise.reject(new Error('a run in the foreground publishes nothing')),
  publishDeadLetter: () => Promise.reject(new Error('a run in the foreground publishes nothing')),
};

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
