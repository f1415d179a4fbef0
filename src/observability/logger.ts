/** The log of the process: winston, one entry a line, secrets redacted, never a reason for the process to fail. */
import winston from 'winston';
import { jsonLine, prettyLine, type LogEntry, type LogLevel, type TraceContext } from './log-line.ts';
import { redactText, toLogValue } from './log-value.ts';

/** Facts beside the message, keys in snake_case; an Error among them is described, its stack at debug only. */
export type LogMetadata = Readonly<Record<string, unknown>>;

/** What an entry is about; a child logger adds to what its parent knows. */
export type LogContext = {
  readonly organizationId?: string;
  readonly jobId?: string;
  readonly trace?: TraceContext;
};

export type Logger = {
  error(message: string, metadata?: LogMetadata): void;
  warn(message: string, metadata?: LogMetadata): void;
  info(message: string, metadata?: LogMetadata): void;
  debug(message: string, metadata?: LogMetadata): void;
  child(context: LogContext): Logger;
  /** Whether entries of this level are written; for metadata that is costly to gather. */
  isEnabled(level: LogLevel): boolean;
};

export type LoggerOptions = {
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  readonly stream: NodeJS.WritableStream;
  readonly colours?: boolean;
  /** Completes the trace name that Cloud Logging joins on. */
  readonly projectId?: string | undefined;
  /** Values that are redacted wherever they appear. */
  readonly secrets?: readonly string[];
  readonly now?: () => Date;
};

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const satisfies Record<LogLevel, number>;
const LINE = Symbol.for('message');

/** A logger on the stream; a stream that is closed or full loses entries, never throws and never ends the process. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, stream, colours = false, projectId, secrets = [], now = () => new Date() } = options;
  forgiveWriteErrors(stream);
  const render = winston.format((info) => {
    const entry = info['entry'] as LogEntry;
    const line = format === 'json' ? jsonLine(entry, projectId) : prettyLine(entry, colours);
    return Object.assign(info, { [LINE]: line });
  });
  const log = winston.createLogger({
    levels: LEVELS,
    level,
    format: render(),
    transports: [new winston.transports.Stream({ stream, eol: '\n' })],
    exitOnError: false,
  });
  const redaction = { secrets, withStacks: level === 'debug' };

  const write = (at: LogLevel, context: LogContext, message: string, metadata: LogMetadata = {}): void => {
    if (LEVELS[at] > LEVELS[level]) return;
    const entry: LogEntry = {
      ...context,
      timestamp: now(),
      level: at,
      message: redactText(message, secrets),
      metadata: asObject(toLogValue(metadata, redaction)),
    };
    log.log({ level: at, message: entry.message, entry });
  };
  const forContext = (context: LogContext): Logger => ({
    error: (message, metadata) => write('error', context, message, metadata),
    warn: (message, metadata) => write('warn', context, message, metadata),
    info: (message, metadata) => write('info', context, message, metadata),
    debug: (message, metadata) => write('debug', context, message, metadata),
    child: (more) => forContext({ ...context, ...more }),
    isEnabled: (at) => LEVELS[at] <= LEVELS[level],
  });
  return forContext({});
}

/** Writes nothing; for tests and for code that runs without a log. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLogger,
  isEnabled: () => false,
};

function asObject(value: ReturnType<typeof toLogValue>): LogEntry['metadata'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as LogEntry['metadata'])
    : { value };
}

const forgiven = new WeakSet<NodeJS.WritableStream>();

/** A reader that went away (EPIPE) or a full disk would otherwise end the process as an unhandled 'error' event. */
function forgiveWriteErrors(stream: NodeJS.WritableStream): void {
  if (forgiven.has(stream)) return;
  forgiven.add(stream);
  stream.on('error', () => undefined);
}
