/** `org set`: adds an organization or changes it. */
import type { Command } from 'commander';
import { organizationJson } from '../../http/organization-json.ts';
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import type { OrganizationChange } from '../../state/organization-change.ts';
import type { CliApp } from '../app-port.ts';
import { recordChange } from '../audited.ts';
import { refused, wrongUsage } from '../command-error.ts';
import { withExamples, withJson, type JsonOption } from '../help.ts';
import { idGiven, instantOption } from '../job-request.ts';
import { migratedState, type Session } from '../session.ts';
import { withOrganizationOptions, type OrganizationOptions } from './organization-options.ts';

type SetOptions = OrganizationOptions &
  JsonOption & { readonly since?: string; readonly keepWatermark?: boolean };

export function addOrgSetCommand(org: Command, session: Session): void {
  const command = withOrganizationOptions(org.command('set').argument('<org>', 'organization'))
    .description('add an organization, or change the given columns of it')
    .option('--since <time>', 'copy what is newer than this: RFC 3339, or a date for its midnight in UTC')
    .option('--keep-watermark', 'go on from where the last run ended')
    .action((organizationId: string, options: SetOptions) => {
      const change = organizationChange(organizationId, options);
      return session.run((app) => set(change, app, session, options));
    })
    .addHelpText(
      'after',
      '\nChanging source, destination, transform or cursor is refused while a job is active, and needs --since or --keep-watermark.',
    );
  withJson(command, 'the organization');
  withExamples(command, [
    ['org set acme --source p1.billing.export --destination p2.copies.acme', 'add acme'],
    ['org set acme --settle-minutes 60', 'change one column'],
    ['org set acme --transform focus-1.2 --since 2026-01-01', 'change what is written, from January on'],
  ]);
}

function organizationChange(organizationId: string, options: SetOptions): OrganizationChange {
  const { json: _json, since, keepWatermark, ...columns } = options;
  if (since !== undefined && keepWatermark)
    throw wrongUsage('--since and --keep-watermark exclude each other: give one of them');
  const given = Object.entries(columns).map(([name, value]) => [name, cleared(name, value)]);
  return {
    organizationId: idGiven('the organization', organizationId),
    ...(Object.fromEntries(given) as Omit<OrganizationChange, 'organizationId' | 'watermark'>),
    ...(since === undefined
      ? {}
      : { watermark: { kind: 'since', at: instantOption('--since', since) } as const }),
    ...(keepWatermark ? { watermark: { kind: 'keep' } as const } : {}),
  };
}

/** An empty argument clears a column: a list of fields to none of them, everything else to null. */
function cleared(name: string, value: unknown): unknown {
  if (value !== '') return value;
  return name === 'clusteringFields' ? [] : null;
}

async function set(
  change: OrganizationChange,
  app: CliApp,
  session: Session,
  { json }: JsonOption,
): Promise<void> {
  const state = await migratedState(app);
  const { organizationId } = change;
  const before = await state.organizations.find(organizationId);
  if (!before && (change.source === undefined || change.destination === undefined))
    throw wrongUsage(`organization "${organizationId}" is new: give it --source and --destination`);
  const outcome = await state.organizations.set(change);
  if (outcome.kind === 'refused') throw refused(outcome.why);
  const { organization } = outcome;
  await recordChange(state, session, {
    action: 'org set',
    subject: organizationId,
    before: before ? organizationJson(before) : null,
    after: organizationJson(organization),
  });
  const { source, destination } = organization;
  if (json) session.printJson(organizationJson(organization));
  else session.print(`${outcome.kind} ${organizationId}: ${tableName(source)} → ${tableName(destination)}`);
  if (change.transform !== undefined) await noteMissingTransform(organization, app, session);
}

/** No reason to refuse: the files may be where the workers are, and not here. */
async function noteMissingTransform(
  organization: Organization,
  app: CliApp,
  session: Session,
): Promise<void> {
  if (!/^(sql|module):/.test(organization.transform)) return;
  for (const check of await app.transformChecks(organization)) {
    const { status, found, mend } = await check.look();
    if (status === 'broken')
      session.note(`note: here, ${organization.transform} would fail: ${found}; ${mend ?? ''}`);
  }
}
