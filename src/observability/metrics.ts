/** The metrics of the process as events of the domain; their Prometheus names are here and nowhere else. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { CheckpointAges } from './checkpoint-ages.ts';

/** How a job ended; `reason` is `none` for a success. */
export type FinishedJob = {
  readonly status: 'SUCCESS' | 'FAILED' | 'CANCELLED';
  readonly reason: string;
  readonly seconds: number;
  readonly rows?: number;
  readonly bytes?: number;
};

export type Metrics = {
  jobFinished(job: FinishedJob): void;
  /** One arrival of a message, by what was decided about it. */
  delivery(decision: string): void;
  batchAcknowledged(batch: { readonly rows: number; readonly bytes: number }): void;
  retryScheduled(reason: string): void;
  interrupted(): void;
  leaseLost(): void;
  /** A failed call about messages: `ack`, `nack` or `extend`. */
  ackFailed(kind: string): void;
  deadLettered(reason: string): void;
  /** A call waited for its turn under a rate limit of ours. */
  callWaited(call: string, seconds: number): void;
  /** BigQuery said that there were too many calls: they come more slowly for a while. */
  callsSlowed(call: string): void;
  setRunning(jobs: number): void;
  setParked(messages: number): void;
  /** A job began here, or came to a checkpoint; counts into the checkpoint age until it left. */
  jobAdvanced(job: string): void;
  jobLeft(job: string): void;
  setBacklog(backlog: { readonly runnable: number; readonly oldestSeconds: number }): void;
  /** Called before each rendering, to bring gauges up to date; an error in it is left out of the page. */
  beforeRender(collect: () => void | Promise<void>): void;
  /** The page in Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
};

const PREFIX = 'pulse_billing_etl_';
const JOB_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600];
const JOB_ROWS = [0, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
const JOB_BYTES = [1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
/** More values than any of our closed lists has: a label that grows beyond it would grow without end. */
const MAX_LABEL_VALUES = 64;

/** Metrics in a registry of their own, so that two workers in one process (or two tests) do not share any. */
export function createMetrics(nowMs: () => number = () => performance.now()): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name: PREFIX + name, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: PREFIX + name, help, registers });
  const histogram = (name: string, help: string, buckets: number[]): Histogram<'status'> =>
    new Histogram({ name: PREFIX + name, help, buckets, labelNames: ['status'], registers });

  const jobs = counter('jobs_total', 'Jobs that ended, by status and reason.', ['status', 'reason']);
  const jobSeconds = histogram('job_duration_seconds', 'From the start of a job to its end.', JOB_SECONDS);
  const jobRows = histogram('job_rows', 'Rows a job wrote.', JOB_ROWS);
  const jobBytes = histogram('job_bytes', 'Bytes a job wrote.', JOB_BYTES);
  const rows = counter('rows_total', 'Rows of acknowledged batches.', []);
  const bytes = counter('bytes_total', 'Bytes of acknowledged batches.', []);
  const batches = counter('batches_total', 'Acknowledged batches.', []);
  const deliveries = counter('deliveries_total', 'Arrivals of messages, by what was decided.', ['decision']);
  const retries = counter('retries_total', 'Attempts that ended in a transient error.', ['reason']);
  const interruptions = counter('interruptions_total', 'Tries ended by drain, crash or lost lease.', []);
  const leasesLost = counter('leases_lost_total', 'Jobs whose lease another worker took.', []);
  const ackFailures = counter('ack_failures_total', 'Failed calls about messages.', ['kind']);
  const deadLetters = counter('dead_letters_total', 'Messages and jobs given up.', ['reason']);
  const callWaits = counter('call_waits_total', 'Calls that waited for their turn.', ['call']);
  const callWaitSeconds = counter('call_wait_seconds_total', 'Time calls waited for it.', ['call']);
  const callsSlowed = counter('call_slowdowns_total', 'Refusals for too many calls.', ['call']);
  const running = gauge('running_jobs', 'Jobs running in this process.');
  const parked = gauge('parked_messages', 'Messages held without a job slot.');
  const checkpointAge = gauge(
    'checkpoint_age_seconds',
    'Age of the oldest last checkpoint of a running job.',
  );
  const runnable = gauge('runnable_backlog_jobs', 'Jobs in the database that could run now.');
  const oldestRunnable = gauge('oldest_runnable_age_seconds', 'Age of the oldest job that could run now.');

  // A rate needs a first value to rise from.
  jobs.inc({ status: 'SUCCESS', reason: 'none' }, 0);
  const bounded = boundedLabels();
  const ages = new CheckpointAges(nowMs);
  const collectors: (() => void | Promise<void>)[] = [];

  return {
    jobFinished: ({ status, reason, seconds, rows: written, bytes: writtenBytes }) => {
      jobs.inc({ status, reason: bounded('reason', reason) });
      jobSeconds.observe({ status }, seconds);
      if (written !== undefined) jobRows.observe({ status }, written);
      if (writtenBytes !== undefined) jobBytes.observe({ status }, writtenBytes);
    },
    delivery: (decision) => deliveries.inc({ decision: bounded('decision', decision) }),
    batchAcknowledged: (batch) => {
      batches.inc();
      rows.inc(batch.rows);
      bytes.inc(batch.bytes);
    },
    retryScheduled: (reason) => retries.inc({ reason: bounded('reason', reason) }),
    interrupted: () => interruptions.inc(),
    leaseLost: () => leasesLost.inc(),
    ackFailed: (kind) => ackFailures.inc({ kind: bounded('kind', kind) }),
    deadLettered: (reason) => deadLetters.inc({ reason: bounded('reason', reason) }),
    callWaited: (call, seconds) => {
      callWaits.inc({ call: bounded('call', call) });
      callWaitSeconds.inc({ call: bounded('call', call) }, seconds);
    },
    callsSlowed: (call) => callsSlowed.inc({ call: bounded('call', call) }),
    setRunning: (count) => running.set(count),
    setParked: (count) => parked.set(count),
    jobAdvanced: (job) => ages.note(job),
    jobLeft: (job) => ages.forget(job),
    setBacklog: (backlog) => {
      runnable.set(backlog.runnable);
      oldestRunnable.set(backlog.oldestSeconds);
    },
    beforeRender: (collect) => void collectors.push(collect),
    render: async () => {
      checkpointAge.set(ages.oldest());
      await Promise.allSettled(collectors.map(async (collect) => collect()));
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Keeps label values to short words and few of them, whatever a caller passes; the rest counts as `other`. */
function boundedLabels(): (label: string, value: string) => string {
  const seen = new Map<string, Set<string>>();
  return (label, value) => {
    const values = seen.get(label) ?? new Set();
    seen.set(label, values);
    const known = values.has(value);
    if (!known && (!/^[a-z0-9_]{1,40}$/.test(value) || values.size >= MAX_LABEL_VALUES)) return 'other';
    values.add(value);
    return value;
  };
}
