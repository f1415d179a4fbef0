/** `migrate`: brings the tables of the database up to this version. */
import type { Command } from 'commander';
import type { CliApp } from './app-port.ts';
import type { ExitCode } from './command-error.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import type { Session } from './session.ts';

type MigrateOptions = JsonOption & { readonly check?: boolean };

export function addMigrateCommand(program: Command, session: Session): void {
  const command = program
    .command('migrate')
    .description('apply the migrations the database lacks; nothing else does so by itself')
    .option('--check', 'change nothing: exit code 1 unless the database is up to date')
    .action((options: MigrateOptions) =>
      session.run((app) => (options.check ? check(app, session, options) : migrate(app, session, options))),
    );
  withJson(command, 'what was applied, or with --check what is missing');
  withExamples(command, [
    ['migrate', 'apply what is missing; safe to repeat'],
    ['migrate --check', 'for a start-up probe or a pipeline'],
  ]);
}

async function migrate(app: CliApp, session: Session, { json }: JsonOption): Promise<void> {
  const state = await app.openState();
  const applied = await state.migrate();
  if (json) session.printJson({ applied });
  else
    session.print(
      applied.length === 0
        ? 'the database is up to date'
        : applied.map((name) => `applied ${name}`).join('\n'),
    );
}

async function check(app: CliApp, session: Session, { json }: JsonOption): Promise<ExitCode> {
  const state = await app.openState();
  const schema = await state.schemaState();
  const pending = schema.kind === 'behind' ? schema.pending : [];
  const unknown = schema.kind === 'ahead' ? schema.unknown : [];
  if (json) session.printJson({ state: schema.kind, pending, unknown });
  else if (schema.kind === 'current') session.print('the database is up to date');
  else {
    for (const name of pending) session.print(`pending ${name}`);
    for (const name of unknown) session.print(`unknown to this version ${name}`);
  }
  return schema.kind === 'current' ? 0 : 1;
}
