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
import { costText, estimatedCost, priceOption } from './list-price.ts';
import { migratedState, type Session } from './session.ts';
import { fieldList } from './text-table.ts';

type PlanOptions = JobOptions & JsonOption & { readonly pricePerTib?: number };

export function addPlanCommand(program: Command, session: Session): void {
  const command = withJobOptions(program.command('plan'))
    .description('print what a run would do: window, path and why, rows, bytes, cost, schema changes')
    .option(
      '--price-per-tib <usd>',
      'US dollars that a TiB costs you; default: the list price of the path in the US',
      priceOption,
    )
    .action((organizationId: string, options: PlanOptions) => {
      const request = jobRequest(organizationId, options, session.io);
      return session.run((app) => plan(request, app, session, options));
    });
  withJson(command, 'the plan');
  withExamples(command, [
    ['plan acme', 'what would the next incremental run copy?'],
    ['plan acme --type backfill --from 2026-01-01 --to 2026-02-01', 'what would copying January again cost?'],
    ['plan acme --price-per-tib 5.50', 'at a price of your own'],
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
    const fields = [...planFields(preview.plan, pricePerTib), ...destinationFields(preview)];
    session.print(fieldList(fields, session.paint));
  } else {
    session.print(`nothing to do: ${preview.why}`);
  }
}

/** A plan in words, for `plan` and `show`; at list price where no other is given. */
export function planFields(plan: Plan, usdPerTib?: number): [string, string][] {
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
    ['cost', costText(plan, usdPerTib)],
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

function previewJson(request: JobRequest, preview: PlanPreview, usdPerTib: number | undefined) {
  const cost = preview.plan && estimatedCost(preview.plan, usdPerTib);
  return {
    organization_id: request.organizationId,
    job_type: request.jobType,
    plan: preview.plan === undefined ? null : storePlan(preview.plan),
    why: preview.why,
    destination_exists: preview.destinationExists,
    schema_changes: preview.schemaChanges,
    estimated_cost_usd: cost?.usd ?? 0,
    usd_per_tib: cost?.usdPerTib ?? usdPerTib ?? null,
    is_list_price: usdPerTib === undefined,
  };
}
