/** `org pause` and `org resume`: whether jobs of an organization may start. */
import type { Command } from 'commander';
import { organizationJson } from '../../http/organization-json.ts';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import { organizationNotFound } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';

type Change = 'pause' | 'resume';

const WORDS: Readonly<
  Record<Change, { readonly does: string; readonly done: string; readonly example: string }>
> = {
  pause: {
    does: 'start no jobs of an organization; messages wait, a running job stops at its next checkpoint',
    done: 'is paused: its jobs wait until pulse-billing-etl org resume',
    example: 'during maintenance of its destination',
  },
  resume: {
    does: 'let the jobs of an organization start again',
    done: 'is active: its jobs may run',
    example: 'waiting jobs start in order of arrival',
  },
};

export function addOrgPauseCommands(org: Command, session: Session): void {
  for (const change of ['pause', 'resume'] as const) {
    const command = org
      .command(change)
      .argument('<org>', 'organization')
      .description(WORDS[change].does)
      .action((organizationId: string, options: JsonOption) =>
        session.run((app) => apply(change, organizationId, app, session, options)),
      );
    withJson(command, 'the organization');
    withExamples(command, [[`org ${change} acme`, WORDS[change].example]]);
  }
}

async function apply(
  change: Change,
  organizationId: string,
  app: CliApp,
  session: Session,
  { json }: JsonOption,
): Promise<void> {
  const state = await migratedState(app);
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
