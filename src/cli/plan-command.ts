/** `plan`: what a run would do, without doing it. */
import type { Command } from 'commander';
import type { JobRequest } from '../job/job.ts';
import { storePlan, type Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import type { CliApp, PlanPreview } from './app-port.ts';
import { organizationNotFound } from './command-error.ts';
import { withExamples, withJson, type JsonOption } from './help.ts';
import { count, size, time } from '../http/human-text.ts';
import { jobRequest, withJobOptions, type JobOptions } from './job-request.ts';
import { costOf, costText, priceOption } from './price-per-tib.ts';
import { migratedState, type Session } from './session.ts';
import { fieldList } from './text-table.ts';

type PlanOptions = JobOptions & JsonOption & { readonly pricePerTib?: number };

export function addPlanCommand(program: Command, session: Session): void {
  const command = withJobOptions(program.command('plan'))
    .description(
      'print what a run would do: window, path and why, rows, bytes, schema changes, and the cost at your price',
    )
    .option(
      '--price-per-tib <price>',
      'what a TiB on the path of the plan costs you, in your currency; adds the cost',
      priceOption,
    )
    .action((organizationId: string, options: PlanOptions) => {
      const request = jobRequest(organizationId, options, session.io);
      return session.run((app) => plan(request, app, session, options));
    });
  withJson(command, 'the plan');
  withExamples(command, [
    ['plan acme', 'what would the next incremental run copy?'],
    ['plan acme --type backfill --from 2026-01-01 --to 2026-02-01', 'what would copying January again take?'],
    ['plan acme --price-per-tib 6.25', 'and what would it cost?'],
  ]);
}

async function plan(
  request: JobRequest,
  app: CliApp,
  session: Session,
  { json = false, pricePerTib }: PlanOptions,
): Promise<void> {
  const state = await migratedState(app);
  if (!(await state.organizations.find(request.organizationId)))
    throw organizationNotFound(request.organizationId);
  const preview = await app.planJob(request);
  if (json) {
    session.printJson(previewJson(request, preview, pricePerTib));
  } else if (preview.plan) {
    const cost = costText(preview.plan.estimatedBytes, pricePerTib);
    const fields: [string, string][] = [
      ...planFields(preview.plan),
      ['cost', cost],
      ...destinationFields(preview),
    ];
    session.print(fieldList(fields, session.paint));
  } else {
    session.print(`nothing to do: ${preview.why}`);
  }
}

/** A plan in words, for `plan` and `show`. */
export function planFields(plan: Plan): [string, string][] {
  const { lo, hi } = plan.window;
  return [
    [
      'window',
      `${lo === undefined ? 'the beginning' : `after ${time(lo)}`} to ${time(hi)} by ${plan.cursorField}`,
    ],
    ['snapshot', time(plan.snapshot)],
    ['source', `${tableName(plan.source)} in ${plan.sourceLocation}`],
    ['destination', `${tableName(plan.destination)} in ${plan.destinationLocation}`],
    ['transform', plan.transform],
    ['path', `${plan.writePath}: ${plan.writePathReason}`],
    ['rows', `about ${count(plan.estimatedRows)}`],
    ['bytes', `about ${size(plan.estimatedBytes)}`],
    [
      'verification',
      [plan.verifyLevel, plan.verifyColumns.join(', ')].filter((part) => part !== '').join(': '),
    ],
  ];
}

function destinationFields({ destinationExists, schemaChanges }: PlanPreview): [string, string][] {
  if (!destinationExists) return [['schema', 'the destination does not exist and would be created']];
  if (schemaChanges.length === 0) return [['schema', 'no changes']];
  return schemaChanges.map((change, index) => [index === 0 ? 'schema' : '', change]);
}

function previewJson(request: JobRequest, preview: PlanPreview, pricePerTib: number | undefined) {
  const bytes = preview.plan?.estimatedBytes ?? 0;
  return {
    organization_id: request.organizationId,
    job_type: request.jobType,
    plan: preview.plan === undefined ? null : storePlan(preview.plan),
    why: preview.why,
    destination_exists: preview.destinationExists,
    schema_changes: preview.schemaChanges,
    price_per_tib: pricePerTib ?? null,
    estimated_cost: pricePerTib === undefined ? null : costOf(bytes, pricePerTib),
  };
}
