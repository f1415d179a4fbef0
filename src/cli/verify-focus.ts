/** `verify --focus`: checks the columns and rows of a copy against the FOCUS version that its transform writes. */
import { tableName } from '../job/table-ref.ts';
import type { CliApp } from './app-port.ts';
import { failed, organizationNotFound, refused, type ExitCode } from './command-error.ts';
import { migratedState, type Session } from './session.ts';

/** Prints what breaks a rule; exit code 1 when anything does. */
export async function verifyFocus(
  organizationId: string,
  app: CliApp,
  session: Session,
  { json = false }: { readonly json?: boolean },
): Promise<ExitCode> {
  const organization = await (await migratedState(app)).organizations.find(organizationId);
  if (!organization) throw organizationNotFound(organizationId);
  const report = await app.checkFocus(organization);
  if (report.kind === 'no_focus_transform')
    throw refused(
      `${organizationId} has transform ${report.transform}, so that its copy has no FOCUS columns: see pulse-billing-etl org set --help`,
    );
  const table = tableName(organization.destination);
  if (report.kind === 'not_copied')
    throw failed(`${table} does not exist yet: run pulse-billing-etl enqueue ${organizationId} first`);
  if (report.kind === 'nothing_copied')
    throw failed(
      `${table} holds no rows, so that there is nothing to check: run pulse-billing-etl enqueue ${organizationId} first`,
    );
  const { version, problems } = report;
  if (json) session.printJson({ organization_id: organizationId, table, focus_version: version, problems });
  else if (problems.length === 0) session.print(`${table} keeps every rule of FOCUS ${version}`);
  else
    session.print([`${table} breaks FOCUS ${version}:`, ...problems.map((line) => `  ${line}`)].join('\n'));
  return problems.length === 0 ? 0 : 1;
}
