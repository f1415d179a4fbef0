/** What doctor looks at where STAGING_DATASET is set: that it lies where the tables do for which rows wait there. */
import { broken, ok, type Finding, type HealthCheck } from '../../cli/health-check.ts';
import { messageOf } from '../../job/errors.ts';
import { isSameLocation } from '../../job/location.ts';
import type { Organization } from '../../job/organization.ts';
import type { Sides, SidesRegistry } from '../sides.ts';

/** One check for an organization; none where tables are staged beside their own. */
export function stagingChecks(
  organization: Organization,
  stagingDataset: string | undefined,
  sides: () => Promise<SidesRegistry>,
): HealthCheck[] {
  if (stagingDataset === undefined) return [];
  const name = `${organization.organizationId} staging dataset`;
  const look = async (): Promise<Finding> =>
    stagingFinding(organization, stagingDataset, (await sides()).open(organization));
  return [{ name, look }];
}

async function stagingFinding(
  { source: from, destination: to, destinationLocation }: Organization,
  dataset: string,
  { source, destination }: Sides,
): Promise<Finding> {
  const table = await source.describe(from);
  if (table) {
    const fault = await source.checkStaging?.(table).then(() => undefined, messageOf);
    if (fault !== undefined) return broken(fault, 'correct STAGING_DATASET');
  }
  const wanted = (await destination.datasetLocation(to)) ?? destinationLocation ?? table?.location;
  const found = await destination.datasetLocation({ ...to, dataset });
  const name = `${to.project}.${dataset}`;
  if (found === undefined) return ok(`${name} does not exist: the first job that needs it makes it`);
  if (wanted === undefined || isSameLocation(found, wanted)) return ok(`${name} in ${found}`);
  return broken(
    `${name} is in ${found}, the destination in ${wanted}: repairs and backfills are refused, and so is level fingerprint`,
    `set STAGING_DATASET to a dataset in ${wanted}, or leave it out`,
  );
}
