// The log of one job: every line can be joined on the job and its trace, and there are few of them at every level.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { STEPS } from '../../src/job/job.ts';
import { runObserver, workerObserver } from '../../src/app/observers.ts';
import { tracedRunObserver, tracedWorkerObserver } from '../../src/app/traced-observers.ts';
import { encodeMessage } from '../../src/job/encode-message.ts';
import type { LogLevel } from '../../src/observability/log-line.ts';
import { createLogger, silentLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { openTracing } from '../../src/observability/tracing.ts';

type Line = Readonly<Record<string, unknown>>;

const key = { organizationId: 'acme', jobId: 'job-1' };
const BATCHES = 5_000;
const ROWS_A_BATCH = 1_000;
const TRACE = 'logging.googleapis.com/trace';

test('the failure of a job is an error in the log of a worker; a command that ran it says so itself', () => {
  const linesAt = (failureLevel: 'error' | 'info'): Line[] => {
    const stream = new PassThrough();
    const logger = createLogger({ level: 'info', format: 'json', stream });
    const observer = workerObserver(logger, createMetrics(), undefined, failureLevel);
    const outcome = { kind: 'failed', reason: 'schema_drift', message: 'cost became STRING' } as const;
    observer.runEnded(key, outcome, { seconds: 1, rows: 0, bytes: 0 });
    return linesOf(stream);
  };
  for (const level of ['error', 'info'] as const)
    assert.deepEqual(
      linesAt(level).map((line) => [line['level'], line['message']]),
      [[level, 'job failed']],
    );
});

/** Everything that is logged of a job of 5,000 batches from its message to its end. */
function logOf(context: TestContext, level: LogLevel, rowsEstimated: number): Line[] {
  const { traces, close } = openTracing({ logger: silentLogger, exporter: new InMemorySpanExporter() });
  context.after(() => close());
  const stream = new PassThrough({ highWaterMark: 2 ** 24 });
  const logger = createLogger({ level, format: 'json', stream, projectId: 'my-project' });
  const metrics = createMetrics();
  const traceOf = (job: string) => traces.contextOf(job);
  const worker = tracedWorkerObserver(workerObserver(logger, metrics, traceOf), traces);
  const run = tracedRunObserver(runObserver(logger, metrics, traceOf), traces);
  const delivery = {
    messageId: 'message-1',
    data: encodeMessage({ ...key, jobType: 'incremental', window: undefined, requestedBy: 'me' }),
    attributes: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    ack: async () => undefined,
    nack: async () => undefined,
  };
  worker.decided('parked', delivery);
  worker.decided('runs_alone', delivery);
  worker.decided('claimed', delivery);
  worker.runStarted(key, 1, false);
  for (const step of STEPS) {
    run.stepStarted(key, step);
    for (let batch = 1; step === 'load' && batch <= BATCHES; batch += 1)
      run.checkpoint(
        key,
        { rowsDone: batch * ROWS_A_BATCH, rowsEstimated, bytesDone: batch },
        { rows: ROWS_A_BATCH, bytes: 1 },
      );
    run.stepFinished(key, step, 1);
  }
  worker.trouble('acking is tried again', key);
  worker.runEnded(key, { kind: 'success' }, { seconds: 1, rows: 1, bytes: 1 });
  worker.decided('finished', delivery);
  return linesOf(stream);
}

function linesOf(stream: PassThrough): Line[] {
  return String(stream.read())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

test('every line of a job has the job and the trace, from what is decided of its message to its end', (context) => {
  const lines = logOf(context, 'debug', BATCHES * ROWS_A_BATCH);
  assert.ok(lines.some(({ message }) => message === 'delivery claimed'));
  for (const line of lines) {
    assert.deepEqual([line['organization_id'], line['job_id']], ['acme', 'job-1'], JSON.stringify(line));
    assert.match(String(line[TRACE]), /^projects\/my-project\/traces\/[0-9a-f]{32}$/, JSON.stringify(line));
    assert.match(String(line['severity']), /^(ERROR|WARNING|INFO|DEBUG)$/);
  }
  assert.equal(new Set(lines.map((line) => line[TRACE])).size, 1, 'one trace, the publisher’s');
});

test('a job of thousands of batches is a handful of lines at info, and some dozens at debug', (context) => {
  const info = logOf(context, 'info', BATCHES * ROWS_A_BATCH);
  assert.ok(info.length <= 2 * STEPS.length, `${info.length} lines at info`);
  for (const estimate of [BATCHES * ROWS_A_BATCH, 10, 0]) {
    const debug = logOf(context, 'debug', estimate);
    const checkpoints = debug.filter(({ message }) => message === 'checkpoint').length;
    assert.ok(checkpoints >= 5 && checkpoints <= 25, `${checkpoints} checkpoints of estimate ${estimate}`);
    assert.ok(debug.length <= 60, `${debug.length} lines at debug`);
  }
});
