/** The spans of the jobs in this process: message → run → steps → batches, each job's found by its name. */
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { TraceContext } from './log-line.ts';

/** A trace of a job with more batches than this would be too large to look at; the rest are counted on the run. */
const MAX_BATCH_SPANS = 1_000;

type JobSpans = {
  readonly message: Span;
  run?: Span;
  readonly steps: Map<string, Span>;
  batches: number;
  lastBatchAt: Date;
};

/** Never throws and never waits: spans are only put into the exporter's queue. */
export class JobTraces {
  readonly #tracer: Tracer;
  readonly #jobs = new Map<string, JobSpans>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Notes what was decided about the job's message; its span begins with the first decision, under the publisher's. */
  messageDecided(
    job: string,
    decision: string,
    attributes: Attributes,
    traceparent: string | undefined,
  ): void {
    this.#jobOf(job, attributes, traceparent).message.addEvent(decision);
  }

  /** A message that comes to no run, or to none any more. */
  messageEnded(job: string, problem?: string): void {
    const spans = this.#jobs.get(job);
    if (!spans) return;
    endSpan(spans.message, problem);
    this.#jobs.delete(job);
  }

  runStarted(job: string, attributes: Attributes): void {
    const spans = this.#jobOf(job, attributes, undefined);
    spans.run = this.#tracer.startSpan('run', { attributes }, under(spans.message));
    spans.steps.clear();
    spans.batches = 0;
  }

  /** Ends the run and every step it left open; the problem makes all of them failed. */
  runEnded(job: string, attributes: Attributes, problem?: string): void {
    const spans = this.#jobs.get(job);
    if (!spans) return;
    for (const span of spans.steps.values()) endSpan(span, problem);
    spans.steps.clear();
    spans.run?.setAttributes({ ...attributes, batches: spans.batches });
    if (spans.run) endSpan(spans.run, problem);
    delete spans.run;
  }

  stepStarted(job: string, step: string): void {
    const spans = this.#jobs.get(job);
    if (!spans?.run) return;
    spans.lastBatchAt = new Date();
    spans.steps.set(step, this.#tracer.startSpan(`step ${step}`, {}, under(spans.run)));
  }

  stepFinished(job: string, step: string): void {
    const steps = this.#jobs.get(job)?.steps;
    steps?.get(step)?.end();
    steps?.delete(step);
  }

  /** A batch spans the time since the acknowledgement before it: streams load side by side, and only their ends are told. */
  batchAcknowledged(job: string, attributes: Attributes): void {
    const spans = this.#jobs.get(job);
    const parent = spans?.steps.get('load') ?? spans?.run;
    if (!spans || !parent) return;
    spans.batches += 1;
    if (spans.batches > MAX_BATCH_SPANS) return;
    const startTime = spans.lastBatchAt;
    spans.lastBatchAt = new Date();
    this.#tracer.startSpan('batch', { attributes, startTime }, under(parent)).end(spans.lastBatchAt);
  }

  /** What log lines about the job are joined on. */
  contextOf(job: string): TraceContext | undefined {
    const spans = this.#jobs.get(job);
    const context = (spans?.run ?? spans?.message)?.spanContext();
    if (!context || !isSpanContextValid(context)) return undefined;
    const sampled = (context.traceFlags & TraceFlags.SAMPLED) !== 0;
    return { traceId: context.traceId, spanId: context.spanId, sampled };
  }

  /** Publishes under a span of its own, with the attribute by which the receiver continues its trace. */
  async publish<T>(
    attributes: Attributes,
    publish: (messageAttributes: Readonly<Record<string, string>>) => Promise<T>,
  ): Promise<T> {
    const span = this.#tracer.startSpan('publish', { kind: SpanKind.PRODUCER, attributes }, ROOT_CONTEXT);
    try {
      const published = await publish(traceparentOf(span));
      span.end();
      return published;
    } catch (error) {
      endSpan(span, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Ends whatever is open, so that a process that stops leaves no span without its parent. */
  endAll(): void {
    for (const job of this.#jobs.keys()) {
      this.runEnded(job, {});
      this.messageEnded(job);
    }
  }

  #jobOf(job: string, attributes: Attributes, traceparent: string | undefined): JobSpans {
    const known = this.#jobs.get(job);
    if (known) return known;
    const options = { kind: SpanKind.CONSUMER, attributes };
    const message = this.#tracer.startSpan('message', options, publisherContext(traceparent));
    const spans: JobSpans = { message, steps: new Map(), batches: 0, lastBatchAt: new Date() };
    this.#jobs.set(job, spans);
    return spans;
  }
}

function under(span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span);
}

function endSpan(span: Span, problem: string | undefined): void {
  if (problem !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
  span.end();
}

/** Source: W3C Trace Context, "traceparent header"; what does not follow it begins a trace of its own. */
function publisherContext(traceparent = ''): Context {
  const parts = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(traceparent);
  const [, traceId = '', spanId = '', flags = '0'] = parts ?? [];
  const remote = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(remote) ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
}

function traceparentOf(span: Span): Record<string, string> {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` };
}
