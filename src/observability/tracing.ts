/** Exports the spans of this process by OTLP over HTTP, set up by the usual OTEL_* variables; loaded only when that is asked for. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { JobTraces } from './job-traces.ts';
import type { Logger } from './logger.ts';

/** A collector that does not answer must not hold a process that wants to end. */
const FLUSH_TIMEOUT_MS = 1_500;
/** What the exporter gives as the result of spans that were taken. Source: @opentelemetry/core, ExportResultCode. */
const TAKEN = 0;

export type Tracing = {
  readonly traces: JobTraces;
  /** Ends open spans and sends what is queued, for as long as the flush timeout; never rejects. */
  readonly close: () => Promise<void>;
};

/** Spans are queued and sent in the background; a collector that is down costs spans, never time. */
export function openTracing({
  logger,
  exporter = new OTLPTraceExporter(),
  flushTimeoutMs = FLUSH_TIMEOUT_MS,
}: {
  readonly logger: Logger;
  readonly exporter?: SpanExporter;
  readonly flushTimeoutMs?: number;
}): Tracing {
  const provider = new BasicTracerProvider({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'pulse-billing-etl' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(reporting(exporter, logger))],
  });
  const traces = new JobTraces(provider.getTracer('pulse-billing-etl'));
  return {
    traces,
    async close() {
      traces.endAll();
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, flushTimeoutMs)));
      await Promise.race([provider.shutdown().catch(() => undefined), timeout]);
      clearTimeout(timer);
    },
  };
}

/** Logs when the collector begins to fail and when it takes spans again, not every batch of spans that is lost. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const code: number = result.code;
        const failed = code !== TAKEN;
        if (failed && !failing)
          logger.warn(
            'traces cannot be exported: look at the OTEL_EXPORTER_OTLP_* variables and the collector',
            {
              error: result.error,
            },
          );
        if (!failed && failing) logger.info('traces are exported again');
        failing = failed;
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
