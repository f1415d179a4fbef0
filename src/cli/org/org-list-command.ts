/** `org list`: every organization and how far its copy is. */
import type { Command } from 'commander';
import { organizationJson } from '../../http/organization-json.ts';
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { time } from '../../http/human-text.ts';
import { migratedState, type Session } from '../session.ts';
import { textTable, type Column } from '../text-table.ts';

const COLUMNS: readonly Column<Organization>[] = [
  { title: 'ORGANIZATION', value: (row) => row.organizationId },
  { title: 'SOURCE', value: (row) => tableName(row.source) },
  { title: 'DESTINATION', value: (row) => tableName(row.destination) },
  { title: 'TRANSFORM', value: (row) => row.transform },
  { title: 'COPIED UP TO', value: (row) => time(row.watermark) },
  { title: 'ACTIVE JOB', value: (row) => row.activeJob ?? '–' },
  {
    title: 'STATE',
    value: (row) => (row.paused ? 'paused' : 'active'),
    style: (row) => (row.paused ? 'yellow' : undefined),
  },
];

export function addOrgListCommand(org: Command, session: Session): void {
  const command = org
    .command('list')
    .description('list organizations')
    .action((options: JsonOption) =>
      session.run(async (app) => {
        const state = await migratedState(app);
        const organizations = await state.organizations.list();
        if (options.json) session.printJson(organizations.map(organizationJson));
        else if (organizations.length > 0) session.print(textTable(organizations, COLUMNS, session.paint));
        else session.print('no organizations: add one with pulse-billing-etl org set');
      }),
    );
  withJson(command, 'an array of organizations');
  withExamples(command, [['org list', 'who is configured, and how far is each copy?']]);
}
