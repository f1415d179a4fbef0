// Spans of jobs: one tree from the publisher's span to the batches, and an exporter that is down holds nobody up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InMemorySpanExporter, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { tracedRunObserver, tracedWorkerObserver } from '../../src/app/traced-observers.ts';
import { runObserver, workerObserver } from '../../src/app/observers.ts';
import { encodeMessage } from '../../src/job/encode-message.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { createLogger, silentLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { openTracing } from '../../src/observability/tracing.ts';
import type { Delivery } from '../../src/worker/delivery.ts';
import { PassThrough } from 'node:stream';

const key = { organizationId: 'acme', jobId: 'job-1' };
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';
const FIGURES = { seconds: 1, rows: 20, bytes: 200 };
const progress = { rowsDone: 10, rowsEstimated: 20, bytesDone: 100 };

function delivery(attributes: Record<string, string>): Delivery {
  const request = { ...key, jobType: 'incremental', window: undefined, requestedBy: 'me' } as const;
  return {
    messageId: 'message-1',
    data: encodeMessage(request),
    attributes,
    ack: async () => undefined,
    nack: async () => undefined,
  };
}

/** Keeps what was exported past shutdown, which empties the one of the SDK. */
function keptExporter(): { exporter: SpanExporter; spans: ReadableSpan[] } {
  const spans: ReadableSpan[] = [];
  const memory = new InMemorySpanExporter();
  const exporter: SpanExporter = {
    export: (batch, done) => {
      spans.push(...batch);
      memory.export(batch, done);
    },
    shutdown: () => memory.shutdown(),
  };
  return { exporter, spans };
}

function observed() {
  const { exporter, spans } = keptExporter();
  const { traces, close } = openTracing({ logger: silentLogger, exporter });
  const stream = new PassThrough();
  const logger = createLogger({ level: 'info', format: 'json', stream, projectId: 'my-project' });
  const traceOf = (job: string) => traces.contextOf(job);
  const metrics = createMetrics();
  return {
    traces,
    worker: tracedWorkerObserver(workerObserver(logger, metrics, traceOf), traces),
    run: tracedRunObserver(runObserver(logger, metrics, traceOf), traces),
    spans: async () => {
      await close();
      return spans;
    },
    lines: () =>
      String(stream.read() ?? '')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

test('a job is one tree of spans under the span of its publisher: message, run, steps, batches', async () => {
  for (const attribute of ['traceparent', 'googclient_traceparent']) {
    const { worker, run, spans, lines } = observed();
    worker.decided('claimed', delivery({ [attribute]: `00-${TRACE_ID}-${PARENT_ID}-01` }));
    worker.runStarted(key, 1, false);
    run.stepStarted(key, 'load');
    run.checkpoint(key, progress, { rows: 10, bytes: 100 });
    run.checkpoint(key, progress, { rows: 10, bytes: 100 });
    run.stepFinished(key, 'load', 1);
    worker.runEnded(key, { kind: 'success' }, FIGURES);
    const all = await spans();
    const named = (name: string) => all.filter((span) => span.name === name);
    const [message, ofRun, load] = ['message', 'run', 'step load'].map((name) => named(name)[0]);
    assert.equal(all.length, 5);
    assert.ok(all.every((span) => span.spanContext().traceId === TRACE_ID));
    assert.equal(parentOf(message), PARENT_ID);
    assert.equal(parentOf(ofRun), message?.spanContext().spanId);
    assert.equal(parentOf(load), ofRun?.spanContext().spanId);
    assert.deepEqual(named('batch').map(parentOf), Array(2).fill(load?.spanContext().spanId));
    assert.equal(ofRun?.attributes['batches'], 2);
    const about = lines();
    assert.deepEqual(
      about.map((line) => line['message']),
      ['job started', 'step load done', 'job succeeded'],
    );
    for (const line of about) {
      assert.equal(line['logging.googleapis.com/trace'], `projects/my-project/traces/${TRACE_ID}`);
      assert.equal(line['logging.googleapis.com/spanId'], ofRun.spanContext().spanId);
    }
  }
});

test('a failed attempt fails its run and its open step, and the next run is under the same message', async () => {
  const { worker, run, spans } = observed();
  worker.decided('claimed', delivery({ traceparent: 'nonsense' }));
  worker.runStarted(key, 1, false);
  run.stepStarted(key, 'load');
  const failure = { reason: 'unknown', message: 'no luck' } as const;
  worker.runEnded(key, { kind: 'waiting', nextAttemptAt: 0n, ...failure }, FIGURES);
  worker.decided('claimed', delivery({}));
  worker.runStarted(key, 2, true);
  worker.runEnded(key, { kind: 'success' }, FIGURES);
  const all = await spans();
  assert.deepEqual(
    all.map(({ name, status }) => [name, status.message]),
    [
      ['step load', 'unknown: no luck'],
      ['run', 'unknown: no luck'],
      ['run', undefined],
      ['message', undefined],
    ],
  );
  assert.equal(new Set(all.map((span) => span.spanContext().traceId)).size, 1);
});

test('a job is published with the traceparent of its own span, also when publishing fails', async () => {
  const { traces, spans } = observed();
  const sent = await traces.publish({}, async (attributes) => attributes['traceparent']);
  await assert.rejects(
    traces.publish({}, () => Promise.reject(new Error('no topic'))),
    /no topic/,
  );
  const [published, failed] = await spans();
  const context = published?.spanContext();
  assert.equal(sent, `00-${context?.traceId}-${context?.spanId}-01`);
  assert.equal(failed?.status.message, 'no topic');
});

test('an exporter that never answers holds neither a job nor the end of the process', async () => {
  const exporter: SpanExporter = { export: () => undefined, shutdown: () => new Promise(() => undefined) };
  const { traces, close } = openTracing({ logger: silentLogger, exporter, flushTimeoutMs: 20 });
  traces.runStarted('acme/job-1', {});
  await close();
});

test('traces are off unless an endpoint or the exporter is set, and can be switched off', () => {
  const tracing = (env: Record<string, string>): boolean | undefined => {
    const read = readConfig(env, () => '');
    return read.kind === 'ok' ? read.config.tracing : undefined;
  };
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://localhost:4318';
  assert.equal(tracing({}), false);
  assert.equal(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT }), true);
  assert.equal(tracing({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/v1/traces' }), true);
  assert.equal(tracing({ OTEL_TRACES_EXPORTER: 'otlp' }), true);
  assert.equal(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }), false);
  assert.equal(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }), false);
});
