/** `provision`: creates the topics and subscriptions. */
import type { Command } from 'commander';
import { withExamples, withJson, type JsonOption } from './help.ts';
import type { Session } from './session.ts';
import { textTable } from './text-table.ts';

export function addProvisionCommand(program: Command, session: Session): void {
  const command = program
    .command('provision')
    .description(
      'create topic, dead-letter topic and both subscriptions with the right settings; safe to repeat',
    )
    .action((options: JsonOption) =>
      session.run(async (app) => {
        const { resources, gcloud } = await app.provision();
        if (options.json) return session.printJson(resources);
        const columns = [
          { title: 'KIND', value: (row: (typeof resources)[number]) => row.kind },
          { title: 'NAME', value: (row: (typeof resources)[number]) => row.name },
          { title: 'STATE', value: (row: (typeof resources)[number]) => row.state },
        ];
        session.print(textTable(resources, columns, session.paint));
        session.print(`\nThe same with gcloud:\n\n${gcloud.join('\n')}`);
      }),
    );
  withJson(command, 'the resources');
  withExamples(command, [['provision', 'create what is missing in PROJECT_ID']]);
}
