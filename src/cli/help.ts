/** What all help texts have in common. */
import type { Command } from 'commander';

/** Adds examples below the options of a command; each is a command line, with what it does. */
export function withExamples(command: Command, examples: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  $ pulse-billing-etl ${line.padEnd(width)}   ${does}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Adds --json; what says what is printed. */
export function withJson(command: Command, what: string): Command {
  return command.option('--json', `print ${what} as JSON`);
}

export type JsonOption = { readonly json?: boolean };
