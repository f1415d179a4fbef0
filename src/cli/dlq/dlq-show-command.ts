/** `dlq show`: one dead letter with everything that is known of it. */
import type { Command } from 'commander';
import { deadLetterJson } from '../../http/dead-letter-json.ts';
import { time } from '../../http/human-text.ts';
import type { DeadLetterRecord } from '../../state/dead-letter-store.ts';
import { deadLetterNotFound } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';
import { fieldList } from '../text-table.ts';
import { wholeOption } from '../whole-option.ts';

export function addDlqShowCommand(dlq: Command, session: Session): void {
  const command = dlq
    .command('show')
    .argument(
      '<id>',
      'number of the dead letter, as dlq list shows it',
      wholeOption(1, Number.MAX_SAFE_INTEGER),
    )
    .description('show one dead letter: message, attributes, and everything that is wrong with it')
    .action((id: number, { json }: JsonOption) =>
      session.run(async (app) => {
        const letter = await (await migratedState(app)).deadLetters.find(id);
        if (!letter) throw deadLetterNotFound(id);
        if (json) session.printJson(deadLetterJson(letter));
        else session.print(fieldList(fields(letter), session.paint));
      }),
    );
  withJson(command, 'the dead letter');
  withExamples(command, [['dlq show 17', 'what did its message say?']]);
}

function fields(letter: DeadLetterRecord): [string, string][] {
  const attributes = Object.entries(letter.attributes).map(([name, value]) => `${name}=${value}`);
  const { replayedAt, replayedBy } = letter;
  return [
    ['dead letter', `${letter.id}, filed ${time(letter.seenAt)}`],
    ['from', letter.source === 'failed_job' ? 'a job that FAILED' : 'a message'],
    ['organization', letter.organizationId ?? '–'],
    ['job', letter.jobId ?? '–'],
    ['reason', `${letter.reason} (docs/runbook.md#${letter.reason})`],
    ...listed('why', letter.violations),
    ['message', letter.message],
    ...(letter.messageEncoding === 'base64' ? [['encoding', 'base64'] as [string, string]] : []),
    ['message id', letter.messageId ?? '–'],
    ...listed('attributes', attributes),
    ['replayed', replayedAt === undefined ? 'no' : `${time(replayedAt)} by ${replayedBy ?? 'nobody'}`],
  ];
}

/** A line each, the first of them named. */
function listed(name: string, values: readonly string[]): [string, string][] {
  return values.length === 0 ? [[name, '–']] : values.map((value, at) => [at === 0 ? name : '', value]);
}
