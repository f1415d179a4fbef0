/** Where the datasets of a plan lie: one job works in one location only, so that what lies elsewhere is refused before any work. */
import { TerminalError } from '../job/errors.ts';
import type { JobRequest } from '../job/job.ts';
import { isSameLocation } from '../job/location.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import type { Destination } from './destination.ts';
import type { Slice, Source } from './source.ts';
import { assertStagingBeside, usesStaging } from './staging.ts';

/** What is asked where datasets lie. */
export type PlacedSides = {
  readonly organization: Organization;
  readonly request: Pick<JobRequest, 'jobType'>;
  readonly source: Source;
  readonly destination: Destination;
};

/** Where the destination is or will be made; throws `location_mismatch` when the configuration says otherwise. */
export async function destinationLocation(
  { organization, destination }: Pick<PlacedSides, 'organization' | 'destination'>,
  sourceLocation: string,
): Promise<string> {
  const existing = await destination.datasetLocation(organization.destination);
  const wanted = organization.destinationLocation;
  if (existing !== undefined && wanted !== undefined && !isSameLocation(existing, wanted)) {
    throw new TerminalError(
      'location_mismatch',
      `the destination dataset of ${tableName(organization.destination)} is in ${existing}, the configuration says ${wanted}; mend it with org set ${organization.organizationId} --destination-location ${existing}`,
    );
  }
  return existing ?? wanted ?? sourceLocation;
}

/** Throws `location_mismatch` for a quarantine or a staging dataset that lies elsewhere than the table it belongs to. */
export async function assertBesideTheirTables(
  { organization, request, source, destination }: PlacedSides,
  slice: Slice,
  plan: Plan,
): Promise<void> {
  const { quarantine, destinationLocation: wanted } = plan;
  const location = quarantine && (await destination.datasetLocation(quarantine));
  if (quarantine && location !== undefined && !isSameLocation(location, wanted)) {
    throw new TerminalError(
      'location_mismatch',
      `the dataset of the quarantine table ${tableName(quarantine)} is in ${location}, the destination in ${wanted}; name a table in ${wanted} with org set ${organization.organizationId} --quarantine-table`,
    );
  }
  const hasOwnDataset = plan.stagingDataset !== plan.destination.dataset;
  if (hasOwnDataset && usesStaging({ plan, job: request })) await assertStagingBeside(destination, plan);
  if (slice.transform && plan.writePath === 'storage') await source.checkStaging?.(slice);
}
