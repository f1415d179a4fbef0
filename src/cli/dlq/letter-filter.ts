/** The options that say which dead letters are meant. */
import { InvalidArgumentError, type Command } from 'commander';
import { REASONS } from '../../job/reason.ts';
import type { DeadLetterFilter } from '../../state/dead-letter-store.ts';
import { instantOption } from '../job-request.ts';

export type LetterOptions = { readonly org?: string; readonly reason?: string; readonly since?: string };

/** Adds --org, --reason and --since. */
export function withLetterOptions(command: Command): Command {
  return command
    .option('--org <org>', 'of this organization only')
    .option('--reason <reason>', 'with this reason only', knownReason)
    .option('--since <time>', 'filed since then: RFC 3339, or a date for its midnight in UTC');
}

/** The filter these options ask for; a time that is none is wrong usage. */
export function letterFilter({ org, reason, since }: LetterOptions): DeadLetterFilter {
  return {
    organizationId: org,
    reason,
    since: since === undefined ? undefined : instantOption('--since', since),
  };
}

/** A misspelt reason would match nothing and look like good news. */
function knownReason(text: string): string {
  if (Object.hasOwn(REASONS, text)) return text;
  throw new InvalidArgumentError(`It is none of ${Object.keys(REASONS).join(', ')}.`);
}
