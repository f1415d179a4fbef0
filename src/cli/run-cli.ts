/** The command line as a function: arguments in, exit code out, nothing thrown. */
import { Command, CommanderError } from 'commander';
import { asJobError } from '../job/errors.ts';
import { escapeControls } from '../observability/log-line.ts';
import { redactText } from '../observability/log-value.ts';
import { addCancelCommand } from './cancel-command.ts';
import type { CliIo } from './cli-io.ts';
import { CommandError, type ExitCode } from './command-error.ts';
import { addCompletionCommand } from './completion-command.ts';
import { addDlqCommand } from './dlq/dlq-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addEnqueueCommand } from './enqueue-command.ts';
import { addMigrateCommand } from './migrate-command.ts';
import { addOrgCommand } from './org/org-command.ts';
import { paintFor } from './paint.ts';
import { addPlanCommand } from './plan-command.ts';
import { addProvisionCommand } from './provision-command.ts';
import { addBackfillCommand } from './backfill-command.ts';
import { addRepairCommand } from './repair-command.ts';
import { addVerifyCommand } from './verify-command.ts';
import { addResolveCommand } from './resolve-command.ts';
import { addRetryCommand } from './retry-command.ts';
import { addRunCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';
import { addShowCommand } from './show-command.ts';
import { addStatusCommand } from './status-command.ts';
import { addWorkerCommand } from './worker-command.ts';

const COMMANDS = [
  addWorkerCommand,
  addMigrateCommand,
  addProvisionCommand,
  addDoctorCommand,
  addOrgCommand,
  addEnqueueCommand,
  addRunCommand,
  addPlanCommand,
  addStatusCommand,
  addShowCommand,
  addCancelCommand,
  addRetryCommand,
  addResolveCommand,
  addVerifyCommand,
  addRepairCommand,
  addBackfillCommand,
  addDlqCommand,
  addCompletionCommand,
];

/** Runs one command; argv is what follows the program's name. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const session = openSession(io);
  try {
    await buildProgram(session).parseAsync([...argv], { from: 'user' });
    return session.exitCode();
  } catch (thrown) {
    return report(thrown, session);
  }
}

/** The tree of commands; what they do, they do in the session. */
export function buildProgram(session: Session): Command {
  const { stdout, stderr, env, version } = session.io;
  const program = new Command('pulse-billing-etl')
    .description('Moves cloud billing data between BigQuery environments, one organization at a time.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      outputError: (text, write) => write(paintFor(stderr, env)('red', text)),
    })
    .addHelpText(
      'after',
      `
Configuration comes from environment variables; README.md lists them.
Exit codes: 0 ok, 1 failed, 2 wrong usage or configuration, 3 not found, 4 refused.
`,
    );
  for (const add of COMMANDS) add(program, session);
  return program;
}

/** Commander has said itself what it had to say; everything else becomes one line. */
function report(thrown: unknown, session: Session): ExitCode {
  // Help and version that were asked for are no error.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const error = thrown instanceof CommandError ? thrown : asJobError(thrown);
  const lines = redactText(error.message, session.secrets()).split('\n').map(escapeControls);
  session.note(paintFor(session.io.stderr, session.io.env)('red', `error: ${lines.join('\n')}`));
  if (session.showsStacks() && thrown instanceof Error && !(thrown instanceof CommandError))
    session.note(redactText(thrown.stack ?? '', session.secrets()));
  if (error instanceof CommandError) return error.exitCode;
  return error.reason === 'invalid_configuration' ? 2 : 1;
}
