/** `repair`: copies a window again because it differs from its source. */
import type { Command } from 'commander';
import { addReplaceCommand } from './replace-command.ts';
import type { Session } from './session.ts';

export function addRepairCommand(program: Command, session: Session): void {
  const description = 'copy again what verify found to differ, in the place of what was copied';
  addReplaceCommand(program, session, 'repair', description);
}
