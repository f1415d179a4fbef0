/** `dlq purge`: deletes dead letters nobody needs any more. */
import type { Command } from 'commander';
import { MICROS_PER_DAY, type Micros } from '../../job/instant.ts';
import type { DeadLetterFilter } from '../../state/dead-letter-store.ts';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import { wrongUsage } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';
import { wholeOption } from '../whole-option.ts';
import { letterFilter, withLetterOptions, type LetterOptions } from './letter-filter.ts';

type PurgeOptions = LetterOptions &
  JsonOption & { readonly olderThan?: number; readonly replayed?: boolean; readonly dryRun?: boolean };

/** Few enough that nobody waits long for the rows. */
const AT_ONCE = 1_000;

export function addDlqPurgeCommand(dlq: Command, session: Session): void {
  const command = withLetterOptions(dlq.command('purge'))
    .description('delete dead letters for good; audited. The jobs they tell of stay')
    .option('--older-than <days>', 'filed more than so many days ago', wholeOption(0, 36_500))
    .option('--replayed', 'only those that were replayed')
    .option('--dry-run', 'say how many, and delete nothing')
    .action((options: PurgeOptions) => {
      if (options.olderThan === undefined && !options.replayed)
        throw wrongUsage(
          'dlq purge needs --older-than DAYS or --replayed, so that nothing is lost by a slip',
        );
      const filter = { ...letterFilter(options), ...(options.replayed ? { replayed: true } : {}) };
      return session.run((app) => purge(filter, app, session, options));
    });
  withJson(command, 'how many were deleted');
  withExamples(command, [
    ['dlq purge --replayed', 'what has had its second try'],
    ['dlq purge --older-than 30 --reason not_json --dry-run', 'how many would go?'],
  ]);
}

async function purge(
  asked: DeadLetterFilter,
  app: CliApp,
  session: Session,
  { olderThan, dryRun = false, json, org, reason, since }: PurgeOptions,
): Promise<void> {
  const state = await migratedState(app);
  // By the database's clock, which dated the letters.
  const before: Micros | undefined =
    olderThan === undefined ? undefined : (await state.now()) - BigInt(olderThan) * MICROS_PER_DAY;
  const filter = { ...asked, before };
  let count = 0;
  if (dryRun) count = await state.deadLetters.count(filter);
  else {
    for (let deleted = AT_ONCE; deleted === AT_ONCE; count += deleted)
      deleted = await state.deadLetters.purge({ ...filter, limit: AT_ONCE });
    const meant = { org: org ?? null, reason: reason ?? null, since: since ?? null };
    await recordChange(state, session, {
      action: 'dlq purge',
      subject: org ?? 'dead letters',
      before: { ...meant, older_than_days: olderThan ?? null, replayed: asked.replayed ?? null },
      after: { purged: count },
    });
  }
  if (json) session.printJson({ purged: count, dry_run: dryRun });
  else session.print(`${dryRun ? 'would delete' : 'deleted'} ${count} dead letters`);
}
