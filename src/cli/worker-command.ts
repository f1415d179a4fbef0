/** `worker`: the daemon. */
import type { Command } from 'commander';
import { withExamples } from './help.ts';
import type { Session } from './session.ts';

export function addWorkerCommand(program: Command, session: Session): void {
  const command = program
    .command('worker')
    .description('run the daemon: pulls jobs, serves the HTTP side; stops gracefully on SIGTERM and Ctrl-C')
    .action(() => session.run(async (app) => ((await app.runWorker()) === 0 ? 0 : 1), { daemon: true }));
  withExamples(command, [
    ['worker', 'pull jobs until stopped'],
    ['worker | jq .message', 'logs are one JSON object a line'],
  ]);
}
