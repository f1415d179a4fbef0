/** `org erase`: deletes what the database holds of an organization that was removed. */
import type { Command } from 'commander';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import { notFound, refused } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { migratedState, type Session } from '../session.ts';

type EraseOptions = JsonOption & { readonly dryRun?: boolean };

export function addOrgEraseCommand(org: Command, session: Session): void {
  const command = org
    .command('erase')
    .argument('<org>', 'organization that was removed')
    .description('delete its jobs, steps, batches, sums, alerts and dead letters; the audit log stays')
    .option('--dry-run', 'count the rows and delete none')
    .action((organizationId: string, options: EraseOptions) =>
      session.run((app) => erase(organizationId, app, session, options)),
    );
  withJson(command, 'the number of rows by table');
  withExamples(command, [
    ['org erase acme --dry-run', 'what would be deleted'],
    ['org erase acme', 'refused while acme is configured or a job of it has not ended'],
  ]);
}

async function erase(
  organizationId: string,
  app: CliApp,
  session: Session,
  { dryRun = false, json }: EraseOptions,
): Promise<void> {
  const state = await migratedState(app);
  const outcome = await state.organizations.erase(organizationId, { dryRun });
  if (outcome.kind === 'refused') throw refused(outcome.why);
  if (outcome.kind === 'not_found') throw notFound(`nothing is recorded of organization "${organizationId}"`);
  const { rows } = outcome;
  if (!dryRun)
    await recordChange(state, session, {
      action: 'org erase',
      subject: organizationId,
      before: rows,
      after: null,
    });
  const counts = Object.entries(rows).map(([table, count]) => `${count} of ${table}`);
  if (json) session.printJson(rows);
  else session.print(`${dryRun ? 'would delete' : 'deleted'} of ${organizationId}: ${counts.join(', ')}`);
}
