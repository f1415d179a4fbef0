/** `dlq`: messages and jobs that were given up. */
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { addDlqListCommand } from './dlq-list-command.ts';
import { addDlqPurgeCommand } from './dlq-purge-command.ts';
import { addDlqReplayCommand } from './dlq-replay-command.ts';
import { addDlqShowCommand } from './dlq-show-command.ts';

export function addDlqCommand(program: Command, session: Session): void {
  const dlq = program
    .command('dlq')
    .description('dead letters, as workers file them: list, show, replay, purge');
  addDlqListCommand(dlq, session);
  addDlqShowCommand(dlq, session);
  addDlqReplayCommand(dlq, session);
  addDlqPurgeCommand(dlq, session);
}
