/** The two forms of a log entry: one JSON object a line for machines, one readable line for people. */
import { styleText } from 'node:util';
import type { LogValue } from './log-value.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** What Cloud Logging and OpenTelemetry join log lines of one trace on; ids are lower-case hexadecimal. */
export type TraceContext = { readonly traceId: string; readonly spanId?: string; readonly sampled?: boolean };

/** One entry, its values redacted already. */
export type LogEntry = {
  readonly timestamp: Date;
  readonly level: LogLevel;
  readonly organizationId?: string;
  readonly jobId?: string;
  readonly trace?: TraceContext;
  readonly message: string;
  readonly metadata: { readonly [key: string]: LogValue };
};

const SERVICE = 'pulse-billing-etl';

// Source: Cloud Logging, LogSeverity.
const SEVERITIES = { error: 'ERROR', warn: 'WARNING', info: 'INFO', debug: 'DEBUG' } as const;

/** The entry as one line of JSON, in the field order of spec.md §7; projectId completes the name of the trace. */
export function jsonLine(entry: LogEntry, projectId: string | undefined): string {
  const { timestamp, level, organizationId, jobId, trace, message, metadata } = entry;
  const line = {
    timestamp: timestamp.toISOString(),
    level,
    severity: SEVERITIES[level],
    service: SERVICE,
    organization_id: organizationId,
    job_id: jobId,
    message,
    metadata,
    ...(trace === undefined ? {} : traceFields(trace, projectId)),
  };
  return escapeControls(JSON.stringify(line));
}

/** The entry for a person at a terminal: time, level, job, message, then the metadata as key=value. */
export function prettyLine(entry: LogEntry, colours: boolean): string {
  const { timestamp, level, organizationId, jobId, message, metadata } = entry;
  const paint = (style: Parameters<typeof styleText>[0], part: string): string =>
    colours ? styleText(style, part, { validateStream: false }) : part;
  const subject = [organizationId, jobId].filter((part) => part !== undefined).join('/');
  const details = Object.entries(metadata).map(([key, value]) => paint('dim', `${key}=${brief(value)}`));
  const words = [
    paint('dim', timestamp.toISOString().slice(11, 23)),
    paint(LEVEL_STYLES[level], level.toUpperCase().padEnd(5)),
    subject === '' ? undefined : paint('cyan', escapeControls(subject)),
    escapeControls(message),
    ...details,
  ];
  return words.filter((word) => word !== undefined).join(' ');
}

const LEVEL_STYLES = { error: 'red', warn: 'yellow', info: 'green', debug: 'dim' } as const;

/**
 * Text in which nothing can steer a terminal, start a line or turn the reading direction: control characters, line
 * separators and bidirectional controls become \u escapes, which JSON reads back as they were.
 */
export function escapeControls(text: string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function brief(value: LogValue): string {
  return escapeControls(
    typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value),
  );
}

/** Source: Cloud Logging, "Structured logging", special fields of a JSON payload. */
function traceFields(trace: TraceContext, projectId: string | undefined): Record<string, string | boolean> {
  const name = projectId === undefined ? trace.traceId : `projects/${projectId}/traces/${trace.traceId}`;
  return {
    'logging.googleapis.com/trace': name,
    ...(trace.spanId === undefined ? {} : { 'logging.googleapis.com/spanId': trace.spanId }),
    ...(trace.sampled === undefined ? {} : { 'logging.googleapis.com/trace_sampled': trace.sampled }),
  };
}
