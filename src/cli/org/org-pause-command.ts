/** `org pause` and `org resume`: whether jobs of an organization, or of all of them, may start. */
import type { Command } from 'commander';
import { organizationJson } from '../../http/organization-json.ts';
import type { State } from '../../state/open-state.ts';
import { recordChange } from '../audited.ts';
import { organizationNotFound, wrongUsage } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';

type Change = 'pause' | 'resume';
type Options = JsonOption & { readonly all?: boolean; readonly dryRun?: boolean };

const WORDS: Readonly<
  Record<
    Change,
    {
      readonly does: string;
      readonly all: string;
      readonly done: string;
      readonly doneAll: string;
      readonly example: string;
      readonly allExample: string;
    }
  >
> = {
  pause: {
    does: 'start no jobs of an organization; messages wait, a running job stops at its next checkpoint',
    all: 'every organization there is now',
    done: 'is paused: its jobs wait until pulse-billing-etl org resume',
    doneAll: 'paused; they wait until pulse-billing-etl org resume --all',
    example: 'during maintenance of its destination',
    allExample: 'stop everything: every job ends at its next checkpoint, none starts',
  },
  resume: {
    does: 'let the jobs of an organization start again',
    all: 'every organization that was paused by --all, and none that was paused by its name',
    done: 'is active: its jobs may run',
    doneAll: 'resumed; what was paused by its name stays paused',
    example: 'waiting jobs start in order of arrival',
    allExample: 'go on with everything',
  },
};

export function addOrgPauseCommands(org: Command, session: Session): void {
  for (const change of ['pause', 'resume'] as const) {
    const words = WORDS[change];
    const command = org
      .command(change)
      .argument('[org]', 'organization')
      .description(words.does)
      .option('--all', words.all)
      .option('--dry-run', 'with --all: say which, and change nothing')
      .action((organizationId: string | undefined, options: Options) =>
        session.run(async (app) => {
          if ((organizationId === undefined) !== (options.all ?? false))
            throw wrongUsage(`org ${change} needs either an organization or --all`);
          if (organizationId !== undefined && options.dryRun)
            throw wrongUsage('--dry-run goes with --all: one organization is what its name says');
          const state = await migratedState(app);
          if (organizationId === undefined) await applyToAll(change, state, session, options);
          else await apply(change, organizationId, state, session, options);
        }),
      );
    withJson(command, 'the organization; with --all, an array of those that were changed');
    withExamples(command, [
      [`org ${change} acme`, words.example],
      [`org ${change} --all`, words.allExample],
    ]);
  }
}

async function apply(
  change: Change,
  organizationId: string,
  state: State,
  session: Session,
  { json }: Options,
): Promise<void> {
  const before = await state.organizations.find(organizationId);
  const outcome = await state.organizations[change](organizationId);
  if (outcome.kind === 'not_found' || !before) throw organizationNotFound(organizationId);
  await recordChange(state, session, {
    action: `org ${change}`,
    subject: organizationId,
    before: { paused: before.paused },
    after: { paused: outcome.organization.paused },
  });
  if (json) session.printJson(organizationJson(outcome.organization));
  else session.print(`${organizationId} ${WORDS[change].done}`);
}

async function applyToAll(
  change: Change,
  state: State,
  session: Session,
  { json, dryRun = false }: Options,
): Promise<void> {
  const paused = change === 'pause';
  const before = await state.organizations[paused ? 'pauseAll' : 'resumeAll']({ dryRun });
  for (const organization of dryRun ? [] : before)
    await recordChange(state, session, {
      action: `org ${change} --all`,
      subject: organization.organizationId,
      before: { paused: organization.paused },
      after: { paused },
    });
  if (json) session.printJson(before.map((each) => organizationJson(dryRun ? each : { ...each, paused })));
  else
    session.print(
      sentence(
        change,
        before.map(({ organizationId }) => organizationId),
        dryRun,
      ),
    );
}

function sentence(change: Change, names: readonly string[], dryRun: boolean): string {
  const count = `${names.length} ${names.length === 1 ? 'organization' : 'organizations'}`;
  if (names.length === 0) return `no organization to ${change}`;
  return dryRun ? `would ${change} ${count}: ${names.join(', ')}` : `${count} ${WORDS[change].doneAll}`;
}
