/** `org`: the configuration of organizations. */
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { addOrgEraseCommand } from './org-erase-command.ts';
import { addOrgListCommand } from './org-list-command.ts';
import { addOrgPauseCommands } from './org-pause-command.ts';
import { addOrgRemoveCommand } from './org-remove-command.ts';
import { addOrgSetCommand } from './org-set-command.ts';
import { addOrgShowCommand } from './org-show-command.ts';

export function addOrgCommand(program: Command, session: Session): void {
  const org = program
    .command('org')
    .description('configure organizations: set, list, show, pause, resume, remove, erase');
  addOrgSetCommand(org, session);
  addOrgListCommand(org, session);
  addOrgShowCommand(org, session);
  addOrgPauseCommands(org, session);
  addOrgRemoveCommand(org, session);
  addOrgEraseCommand(org, session);
}
