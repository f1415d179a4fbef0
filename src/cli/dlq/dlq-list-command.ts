/** `dlq list`: the dead letters, newest first. */
import type { Command } from 'commander';
import { deadLetterJson } from '../../http/dead-letter-json.ts';
import { time } from '../../http/human-text.ts';
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';
import { textTable, type Column } from '../text-table.ts';
import { wholeOption } from '../whole-option.ts';
import { letterFilter, withLetterOptions, type LetterOptions } from './letter-filter.ts';

type ListOptions = LetterOptions & JsonOption & { readonly limit: number; readonly all?: boolean };

export function addDlqListCommand(dlq: Command, session: Session): void {
  const command = withLetterOptions(dlq.command('list'))
    .description('list dead letters nobody replayed yet, newest first')
    .option('--all', 'those that were replayed too')
    .option('--limit <n>', 'at most so many', wholeOption(1, 10_000), 50)
    .action((options: ListOptions) => {
      const filter = { ...letterFilter(options), replayed: options.all ? undefined : false };
      return session.run(async (app) => {
        const state = await migratedState(app);
        const letters = await state.deadLetters.list({ ...filter, limit: options.limit });
        if (options.json) session.printJson(letters.map(deadLetterJson));
        else
          session.print(
            letters.length === 0 ? 'no dead letters' : textTable(letters, COLUMNS, session.paint),
          );
      });
    });
  withJson(command, 'an array of dead letters');
  withExamples(command, [
    ['dlq list', 'what was given up and nobody has replayed'],
    ['dlq list --org acme --reason access_denied', 'of one organization, for one reason'],
  ]);
}

const COLUMNS: readonly Column<DeadLetterRecord>[] = [
  { title: 'ID', value: (letter) => `${letter.id}`, align: 'right' },
  { title: 'FILED', value: (letter) => time(letter.seenAt) },
  { title: 'ORGANIZATION', value: (letter) => letter.organizationId ?? '–' },
  { title: 'JOB', value: (letter) => letter.jobId ?? '–' },
  { title: 'REASON', value: (letter) => letter.reason, style: () => 'red' },
  { title: 'REPLAYED', value: (letter) => time(letter.replayedAt) },
  { title: 'WHY', value: (letter) => brief(letter.violations) },
];

function brief(violations: readonly string[]): string {
  const [first = '', ...more] = violations;
  const short = first.length > 80 ? `${first.slice(0, 79)}…` : first;
  return more.length === 0 ? short : `${short} (and ${more.length} more)`;
}
