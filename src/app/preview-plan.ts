/** What a run would do, found out without changing anything on either side. */
import type { PlanPreview } from '../cli/app-port.ts';
import type { Config } from '../config/config.ts';
import { plannedSchemaChanges } from '../etl/ensure-destination.ts';
import { refuseLostDestination } from '../etl/lost-destination.ts';
import { planJob } from '../etl/plan-job.ts';
import type { JobRequest } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { State } from '../state/open-state.ts';
import { runSettings } from './run-services.ts';
import type { Sides } from './sides.ts';

/** Throws the JobError with which a run would fail at planning. */
export async function previewPlan(
  request: JobRequest,
  organization: Organization,
  { source, destination }: Sides,
  state: State,
  config: Config,
): Promise<PlanPreview> {
  const settings = runSettings(config);
  const outcome = await planJob({ request, organization, source, destination, settings });
  const table = await destination.describe(organization.destination);
  if (!table) await refuseLostDestination({ state, organization });
  const destinationExists = table !== undefined;
  if (outcome.kind === 'nothing_new') {
    return { plan: undefined, why: outcome.why, schemaChanges: [], destinationExists };
  }
  const { plan } = outcome;
  const schemaChanges = table ? plannedSchemaChanges(organization, table, plan.sourceSchema) : [];
  return { plan, why: plan.writePathReason, schemaChanges, destinationExists };
}
