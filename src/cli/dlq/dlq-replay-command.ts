/** `dlq replay`: gives what was given up another try. */
import type { Command } from 'commander';
import type { DeadLetterFilter, DeadLetterRecord } from '../../state/dead-letter-store.ts';
import type { State } from '../../state/open-state.ts';
import type { Replay } from '../../worker/replay-dead-letter.ts';
import { deadLetterNotFound, failed, refused, wrongUsage } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import type { Style } from '../paint.ts';
import { migratedState, type Session } from '../session.ts';
import { textTable, type Column } from '../text-table.ts';
import { wholeOption } from '../whole-option.ts';
import { letterFilter, withLetterOptions, type LetterOptions } from './letter-filter.ts';
import { replayEach, wasTried, type Replays } from './replay-each.ts';

type ReplayOptions = LetterOptions &
  JsonOption & { readonly limit: number; readonly rate: number; readonly dryRun?: boolean };

const PAGE = 100;

export function addDlqReplayCommand(dlq: Command, session: Session): void {
  const id = wholeOption(1, Number.MAX_SAFE_INTEGER);
  const command = withLetterOptions(dlq.command('replay'))
    .argument('[id]', 'only this one, whose refusal is then exit code 4', id)
    .description('retry failed jobs and publish messages again, oldest first; audited, and safe to repeat')
    .option(
      '--limit <n>',
      'replay at most so many; what cannot be replayed does not count',
      wholeOption(1, 10_000),
      100,
    )
    .option('--rate <n>', 'at most so many a second', wholeOption(1, 1_000), 10)
    .option('--dry-run', 'say what would be done, and do nothing')
    .action((letterId: number | undefined, options: ReplayOptions) => {
      if (
        letterId !== undefined &&
        [options.org, options.reason, options.since].some((each) => each !== undefined)
      )
        throw wrongUsage('give either the number of a dead letter or --org, --reason and --since');
      const filter = letterFilter(options);
      return session.run(async (app) => {
        const state = await migratedState(app);
        const meant = { ...filter, replayed: false };
        const isOne = letterId !== undefined;
        const letters = isOne ? [await letterOf(letterId, state)] : lettersOf(meant, state);
        const expected = isOne ? 1 : await state.deadLetters.count(meant);
        const played = await replayEach(letters, expected, app, state, session, options);
        print(played, session, options);
        conclude(played, Math.min(expected, options.limit), isOne);
      });
    })
    .addHelpText(
      'after',
      '\nAn invalid message is never replayed, as it could only be refused again: dlq show has its violations;' +
        '\nmend its publisher and publish the job anew with enqueue.',
    );
  withJson(command, 'what became of each dead letter, as an array');
  withExamples(command, [
    ['dlq replay --org acme --reason access_denied', 'once the access is granted'],
    ['dlq replay --since 2026-01-31 --dry-run', 'what would an outage take to make good?'],
    ['dlq replay 17', 'one of them'],
  ]);
}

/** The oldest first; read in pages, since there may be any number. */
async function* lettersOf(filter: DeadLetterFilter, state: State): AsyncGenerator<DeadLetterRecord> {
  let page: DeadLetterRecord[] = [];
  do {
    const afterId = page.at(-1)?.id ?? 0;
    page = await state.deadLetters.list({ ...filter, afterId, limit: PAGE });
    yield* page;
  } while (page.length === PAGE);
}

async function letterOf(id: number, state: State): Promise<DeadLetterRecord> {
  const letter = await state.deadLetters.find(id);
  if (!letter) throw deadLetterNotFound(id);
  return letter;
}

function print(
  { replays, interrupted }: Replays,
  session: Session,
  { json, dryRun = false }: ReplayOptions,
): void {
  if (json) {
    session.printJson(replays.map((each) => replayJson(each, dryRun)));
    return;
  }
  if (replays.length === 0) {
    if (!interrupted) session.print('no dead letters to replay');
    return;
  }
  session.print(textTable(replays, COLUMNS, session.paint));
  const moved = replays.filter(({ outcome }) => outcome === 'retried' || outcome === 'published').length;
  session.print(`${dryRun ? 'would replay' : 'replayed'} ${moved} of ${replays.length}`);
}

function replayJson({ letter, outcome, why }: Replay, dryRun: boolean) {
  return {
    id: letter.id,
    organization_id: letter.organizationId ?? null,
    job_id: letter.jobId ?? null,
    reason: letter.reason,
    outcome,
    why,
    dry_run: dryRun,
  };
}

/** One that was asked for by number must be replayed; of many, only what broke is an error. */
function conclude({ replays, interrupted }: Replays, expected: number, isOne: boolean): void {
  const broken = replays.filter(({ outcome }) => outcome === 'failed');
  if (broken.length > 0)
    throw failed(
      `${broken.length} of ${replays.length} could not be published: ${broken[0]?.why}; repeat the command`,
    );
  if (interrupted)
    throw failed(
      `stopped after ${replays.filter(wasTried).length} of ${expected} dead letters; repeat the command for the rest`,
    );
  const [one] = replays;
  if (isOne && one?.outcome === 'refused')
    throw refused(`dead letter ${one.letter.id} is not replayed: ${one.why}`);
}

const STYLES: Readonly<Record<Replay['outcome'], Style>> = {
  retried: 'green',
  published: 'green',
  not_needed: 'dim',
  refused: 'yellow',
  failed: 'red',
};

const COLUMNS: readonly Column<Replay>[] = [
  { title: 'ID', value: ({ letter }) => `${letter.id}`, align: 'right' },
  { title: 'REASON', value: ({ letter }) => letter.reason },
  { title: 'OUTCOME', value: ({ outcome }) => outcome, style: ({ outcome }) => STYLES[outcome] },
  { title: 'WHY', value: ({ why }) => why },
];
