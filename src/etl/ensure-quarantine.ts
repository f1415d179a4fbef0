/** Makes the quarantine table of a plan exist, or says why that cannot be. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import type { Plan } from '../job/plan.ts';
import { tableName } from '../job/table-ref.ts';
import { LINEAGE_CURSOR, LINEAGE_FIELDS } from '../job/table-schema.ts';
import type { Destination } from './destination.ts';
import { DATASET_LABELS } from './ensure-destination.ts';
import { schemaDrift } from './schema-drift.ts';
import { QUARANTINE_COLUMNS } from './transforms/module/quarantine-rows.ts';

/** What was done, one line each; organizations may share the table. */
export async function ensureQuarantine(
  destination: Destination,
  { organizationId }: Organization,
  { quarantine, destinationLocation }: Plan,
): Promise<readonly string[]> {
  if (!quarantine) return [];
  const name = tableName(quarantine);
  const schema = [...QUARANTINE_COLUMNS, ...LINEAGE_FIELDS];
  const table = await destination.describe(quarantine);
  if (table) {
    const { changes, conflicts, merged } = schemaDrift(table.schema, schema);
    if (conflicts.length > 0)
      throw new TerminalError(
        'schema_drift',
        `${name} cannot take rejected rows:\n${conflicts.join('\n')}\nname another table with org set ${organizationId} --quarantine-table`,
      );
    if (changes.length > 0) await destination.updateSchema(quarantine, merged);
    return changes.map((change) => `${name}: ${change}`);
  }
  const location = (await destination.datasetLocation(quarantine)) ?? destinationLocation;
  await destination.createDataset(quarantine, location, DATASET_LABELS);
  await destination.createTable({
    table: quarantine,
    location,
    schema,
    partitionField: LINEAGE_CURSOR,
    clusteringFields: [],
    description: 'Rows that a transform rejected, kept by pulse-billing-etl',
    labels: DATASET_LABELS,
  });
  return [`created table ${name}`];
}
