/** `backfill`: copies a window again because somebody wants it so. */
import type { Command } from 'commander';
import { addReplaceCommand } from './replace-command.ts';
import type { Session } from './session.ts';

export function addBackfillCommand(program: Command, session: Session): void {
  const description = 'copy a window again, in the place of what was copied; the watermark stays';
  addReplaceCommand(program, session, 'backfill', description);
}
