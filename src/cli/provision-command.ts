/** `provision`: creates the topics and subscriptions. */
import type { Command } from 'commander';
import type { Provisioned } from './app-port.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import type { Session } from './session.ts';
import { textTable, type Column } from './text-table.ts';

export function addProvisionCommand(program: Command, session: Session): void {
  const command = program
    .command('provision')
    .description(
      'create topic, dead-letter topic and both subscriptions with the right settings; safe to repeat',
    )
    .action((options: JsonOption) =>
      session.run(async (app) => {
        const { resources, gcloud } = await app.provision();
        if (options.json) session.printJson(resources);
        else session.print(forPeople(resources, gcloud, session));
      }),
    );
  withJson(command, 'the resources');
  withExamples(command, [['provision', 'create what is missing in PROJECT_ID']]);
}

function forPeople(
  resources: Provisioned['resources'],
  gcloud: readonly string[],
  { paint }: Session,
): string {
  return `${textTable(resources, COLUMNS, paint)}\n\nThe same with gcloud:\n\n${gcloud.join('\n')}`;
}

const COLUMNS: readonly Column<Provisioned['resources'][number]>[] = [
  { title: 'KIND', value: (row) => row.kind },
  { title: 'NAME', value: (row) => row.name },
  { title: 'STATE', value: (row) => row.state },
];
