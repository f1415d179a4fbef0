/** One call of the command line: reads the configuration, makes the program, prints, and frees everything at the end. */
import { readConfig } from '../config/read-config.ts';
import { secretsOf, type Config } from '../config/config.ts';
import { createLogger, type Logger } from '../observability/logger.ts';
import type { State } from '../state/open-state.ts';
import type { CliApp } from './app-port.ts';
import type { CliIo, Output } from './cli-io.ts';
import { failed, wrongUsage, type ExitCode } from './command-error.ts';
import { NO_LINE, openScreen, type LiveLine } from './live-line.ts';
import { hasColours, paintFor, type Paint } from './paint.ts';

/** What a command may ask for: `daemon` logs to stdout as configured, a command logs warnings to stderr. */
export type RunOptions = { readonly daemon?: boolean };

export type Session = {
  readonly io: CliIo;
  readonly paint: Paint;
  /** Runs the work of a command with the program, which is closed whatever happens; sets the exit code. */
  run(work: (app: CliApp) => Promise<ExitCode> | Promise<void>, options?: RunOptions): Promise<void>;
  /** A line, or several, on stdout. */
  readonly print: (text: string) => void;
  /** One JSON value on stdout. */
  readonly printJson: (value: unknown) => void;
  /** A line on stderr, for people, beside what stdout is for. */
  readonly note: (text: string) => void;
  /** A line on stderr that is drawn again and again until it is stopped; nothing where stderr is no terminal, or it is not wanted. */
  readonly startLine: (isWanted: boolean, text: (columns: number) => string) => LiveLine;
  readonly exitCode: () => ExitCode;
  /** Whether errors are shown with their stacks. */
  readonly showsStacks: () => boolean;
  /** Values no message may show. */
  readonly secrets: () => readonly string[];
};

export function openSession(io: CliIo): Session {
  let exitCode: ExitCode = 0;
  let config: Config | undefined;
  const screen = openScreen(io);

  return {
    io,
    paint: paintFor(io.stdout, io.env),
    run: async (work, { daemon = false } = {}) => {
      const read = readConfig(io.env, io.readFile);
      if (read.kind === 'invalid') throw wrongUsage(invalidConfiguration(read.problems));
      config = read.config;
      const logger = loggerFor(io, daemon ? io.stdout : screen.stderr, config, daemon);
      for (const warning of read.warnings) logger.warn(warning);
      const app = io.createApp({ config, logger });
      try {
        const code = await work(app);
        if (typeof code === 'number') exitCode = code;
      } finally {
        await app.close();
      }
    },
    print: (text) => void io.stdout.write(`${text}\n`),
    printJson: (value) => void io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
    note: (text) => void screen.stderr.write(`${text}\n`),
    startLine: (isWanted, text) => (isWanted ? screen.startLine(text) : NO_LINE),
    exitCode: () => exitCode,
    showsStacks: () => (config?.logs.level ?? io.env['LOG_LEVEL']) === 'debug',
    secrets: () => (config ? secretsOf(config) : []),
  };
}

/** The state, once it is known to have the tables this build works with. */
export async function migratedState(app: CliApp): Promise<State> {
  const state = await app.openState();
  const schema = await state.schemaState();
  const { database } = app.config;
  const name =
    database.kind === 'sqlite' ? database.path : `${database.host}:${database.port}/${database.database}`;
  if (schema.kind === 'behind')
    throw failed(
      `the database ${name} lacks ${schema.pending.length} migration(s): run pulse-billing-etl migrate`,
    );
  if (schema.kind === 'ahead')
    throw failed(
      `the database ${name} was migrated by a newer version (${schema.unknown.join(', ')}): use that version`,
    );
  return state;
}

function loggerFor(io: CliIo, stream: Output, config: Config, daemon: boolean): Logger {
  const given = (name: string): boolean => (io.env[name] ?? '') !== '';
  return createLogger({
    level: daemon || given('LOG_LEVEL') ? config.logs.level : 'warn',
    format: daemon || given('LOG_FORMAT') ? config.logs.format : 'pretty',
    stream,
    colours: hasColours(stream, io.env),
    projectId: config.projectId,
    secrets: secretsOf(config),
    now: io.now,
  });
}

function invalidConfiguration(problems: readonly string[]): string {
  return problems.length === 1
    ? `the configuration is wrong: ${problems[0]}`
    : `the configuration has ${problems.length} problems:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
}
