/** What doctor looks at for each organization: source, how far back it can be read, and destination. */
import { broken, ok, skipped, warning, type Finding, type HealthCheck } from '../../cli/health-check.ts';
import { isSameLocation } from '../../job/location.ts';
import type { Organization } from '../../job/organization.ts';
import { tableName } from '../../job/table-ref.ts';
import type { Sides, SidesRegistry } from '../sides.ts';
import { clockFinding } from './database-checks.ts';

/** A job that fails and is tried again for a weekend still finds its snapshot. */
const ENOUGH_HOURS = 48;

/** Four checks for an organization; each asks BigQuery under the identities of the organization. */
export function organizationChecks(
  organization: Organization,
  sides: () => Promise<SidesRegistry>,
  nowMs: () => number,
): HealthCheck[] {
  const check = (name: string, look: (sides: Sides) => Promise<Finding>): HealthCheck => ({
    name: `${organization.organizationId} ${name}`,
    look: async () => look((await sides()).open(organization)),
  });
  return [
    check('source is there and readable', ({ source }) => sourceFinding(organization, source)),
    check('source time travel', ({ source }) => timeTravelFinding(organization, source)),
    check('source clock', async ({ source }) => {
      const location = (await source.describe(organization.source))?.location;
      if (location === undefined) return skipped('there is no source to ask');
      return clockFinding(await source.currentTime(location, organization.source), nowMs(), 'BigQuery');
    }),
    check('destination can be written', ({ destination }) => destinationFinding(organization, destination)),
  ];
}

async function sourceFinding(organization: Organization, source: Sides['source']): Promise<Finding> {
  const name = tableName(organization.source);
  const table = await source.describe(organization.source);
  if (!table)
    return broken(
      `${name} does not exist, or this identity may not see it`,
      'correct --source with org set, or grant roles/bigquery.dataViewer',
    );
  const { cursorField } = organization;
  const column = table.schema.find((field) => field.name.toLowerCase() === cursorField.toLowerCase());
  if (!column) return broken(`${name} has no column ${cursorField}`, 'correct --cursor-field with org set');
  const snapshot = await source.currentTime(table.location, table.table);
  const window = { lo: snapshot - 1n, hi: snapshot };
  // What a run does first; a session of an empty window costs nothing and expires by itself.
  await source.openReadSession(
    { table: organization.source, location: table.location, cursorField, window, snapshot },
    1,
  );
  return ok(`${name} in ${table.location}, ${table.schema.length} columns, cursor ${cursorField}`);
}

async function timeTravelFinding(organization: Organization, source: Sides['source']): Promise<Finding> {
  const hours = await source.timeTravelHours?.(organization.source);
  if (hours === undefined) return ok('this source keeps what it has');
  const text = `${hours} h`;
  if (hours > ENOUGH_HOURS) return ok(text);
  return warning(
    `${text}: a job that is tried again for longer plans anew`,
    'where possible raise max_time_travel_hours of the source dataset to 168',
  );
}

async function destinationFinding(
  organization: Organization,
  destination: Sides['destination'],
): Promise<Finding> {
  const { destination: table, destinationLocation: wanted } = organization;
  const location = await destination.datasetLocation(table);
  if (location === undefined)
    return ok(`dataset ${table.project}.${table.dataset} does not exist: the first run makes it`);
  if (wanted !== undefined && !isSameLocation(wanted, location))
    return broken(
      `the dataset is in ${location}, --destination-location says ${wanted}`,
      'correct it with org set, or use another dataset',
    );
  if (!(await destination.describe(table)))
    return ok(`${tableName(table)} does not exist in ${location}: the first run makes it`);
  // A pending stream shows the right to write; with nothing in it and never committed it vanishes by itself.
  await destination.createWriteStream(table);
  return ok(`${tableName(table)} in ${location}`);
}
