/** `org remove`: takes an organization out of the configuration; its jobs and its copied rows stay. */
import type { Command } from 'commander';
import { organizationJson } from '../../http/organization-json.ts';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import { organizationNotFound, refused } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';

export function addOrgRemoveCommand(org: Command, session: Session): void {
  const command = org
    .command('remove')
    .argument('<org>', 'organization')
    .description('remove an organization and its watermark; recorded jobs and copied rows stay')
    .action((organizationId: string, options: JsonOption) =>
      session.run((app) => remove(organizationId, app, session, options)),
    );
  withJson(command, 'the organization as it was');
  withExamples(command, [['org remove acme', 'refused while a job of acme is active']]);
}

async function remove(
  organizationId: string,
  app: CliApp,
  session: Session,
  { json }: JsonOption,
): Promise<void> {
  const state = await migratedState(app);
  const before = await state.organizations.find(organizationId);
  const outcome = await state.organizations.remove(organizationId);
  if (outcome.kind === 'refused') throw refused(outcome.why);
  if (outcome.kind === 'not_found' || !before) throw organizationNotFound(organizationId);
  await recordChange(state, session, {
    action: 'org remove',
    subject: organizationId,
    before: organizationJson(before),
    after: null,
  });
  if (json) session.printJson(organizationJson(before));
  else session.print(`removed ${organizationId}; its recorded jobs and copied rows stay`);
}
