/** `completion`: prints a script that completes commands and options in a shell. */
import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion-script.ts';
import { withExamples } from './help.ts';
import type { Session } from './session.ts';

export function addCompletionCommand(program: Command, session: Session): void {
  const command = program
    .command('completion')
    .addArgument(new Argument('<shell>', 'for this shell').choices(SHELLS))
    .description('print a script that completes commands and options; needs no configuration')
    .action((shell: Shell) => session.print(completionScript(program, shell)));
  withExamples(command, [
    ['completion bash > /etc/bash_completion.d/pulse-billing-etl', 'for everybody on this machine'],
    ['completion zsh > "${fpath[1]}/_pulse-billing-etl"', 'then start a new shell'],
    ['completion fish > ~/.config/fish/completions/pulse-billing-etl.fish', 'for yourself'],
  ]);
}
