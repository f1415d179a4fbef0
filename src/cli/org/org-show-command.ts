/** `org show`: every column of one organization. */
import type { Command } from 'commander';
import { organizationJson, type OrganizationJson } from '../../http/organization-json.ts';
import { organizationNotFound } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';
import { fieldList } from '../text-table.ts';

export function addOrgShowCommand(org: Command, session: Session): void {
  const command = org
    .command('show')
    .argument('<org>', 'organization')
    .description('show every column of one organization')
    .action((organizationId: string, options: JsonOption) =>
      session.run(async (app) => {
        const state = await migratedState(app);
        const organization = await state.organizations.find(organizationId);
        if (!organization) throw organizationNotFound(organizationId);
        const json = organizationJson(organization);
        if (options.json) session.printJson(json);
        else session.print(fieldList(fields(json), session.paint));
      }),
    );
  withJson(command, 'one object');
  withExamples(command, [['org show acme', 'its configuration and watermark']]);
}

function fields(json: OrganizationJson): [string, string][] {
  return Object.entries(json).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join(', ') : String(value ?? '');
    return [name, text === '' ? '–' : text];
  });
}
