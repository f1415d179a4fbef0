/** Makes the destination dataset and table exist with the schema a plan needs, or says why that cannot be. */
import { TerminalError } from '../job/errors.ts';
import type { Organization } from '../job/organization.ts';
import { tableName } from '../job/table-ref.ts';
import { fieldAt, LINEAGE_FIELDS, type TableSchema } from '../job/table-schema.ts';
import type { Plan } from '../job/plan.ts';
import type { Destination, DestinationTable } from './destination.ts';
import { schemaDrift } from './schema-drift.ts';
import { assertLayout } from './table-layout.ts';

/** Labels of every dataset and table that is made here. */
export const DATASET_LABELS = { managed_by: 'pulse-billing-etl' } as const;

/** What was done, one line each; empty when everything was there. `mayMake` is asked before anything is made, and throws where that would hide a loss. */
export async function ensureDestination(
  destination: Destination,
  organization: Organization,
  plan: Plan,
  mayMake: () => Promise<void>,
): Promise<readonly string[]> {
  const schema = destinationSchema(plan.sourceSchema);
  const location = await destination.datasetLocation(plan.destination);
  const done: string[] = [];
  if (location === undefined) {
    await mayMake();
    await destination.createDataset(plan.destination, plan.destinationLocation, DATASET_LABELS);
    done.push(
      `created dataset ${plan.destination.project}.${plan.destination.dataset} in ${plan.destinationLocation}`,
    );
  }
  const table = await destination.describe(plan.destination);
  if (table) return [...done, ...(await evolve(destination, organization, table, schema))];
  await mayMake();
  await createTable(destination, organization, plan, schema);
  return [...done, `created table ${tableName(plan.destination)}`];
}

/** The changes a table would need, as lines of a diff; throws what ensureDestination would throw. */
export function plannedSchemaChanges(
  organization: Organization,
  table: DestinationTable,
  sourceSchema: TableSchema,
): readonly string[] {
  return checkedDrift(organization, table, destinationSchema(sourceSchema)).changes;
}

function destinationSchema(sourceSchema: TableSchema): TableSchema {
  const clash = LINEAGE_FIELDS.find((field) => fieldAt(sourceSchema, field.name));
  if (clash) {
    throw new TerminalError(
      'unsupported',
      `the source already has a column ${clash.name}, the name of a lineage column; rename it at the source`,
    );
  }
  return [...sourceSchema, ...LINEAGE_FIELDS];
}

async function evolve(
  destination: Destination,
  organization: Organization,
  table: DestinationTable,
  needed: TableSchema,
): Promise<readonly string[]> {
  const drift = checkedDrift(organization, table, needed);
  if (drift.changes.length > 0) await destination.updateSchema(table.table, drift.merged);
  return drift.changes;
}

function checkedDrift(organization: Organization, table: DestinationTable, needed: TableSchema) {
  const drift = schemaDrift(table.schema, needed);
  const name = tableName(table.table);
  if (drift.conflicts.length > 0) {
    throw new TerminalError(
      'schema_drift',
      `${name} cannot take the source's rows:\n${drift.conflicts.join('\n')}\nchange the column or copy into another table (org set ${organization.organizationId} --destination)`,
    );
  }
  if (drift.changes.length > 0 && organization.schemaPolicy === 'freeze') {
    throw new TerminalError(
      'schema_drift',
      `${name} differs from the source and its schema_policy is freeze:\n${drift.changes.join('\n')}\nallow it with org set ${organization.organizationId} --schema-policy evolve`,
    );
  }
  return drift;
}

async function createTable(
  destination: Destination,
  organization: Organization,
  plan: Plan,
  schema: TableSchema,
): Promise<void> {
  assertLayout(organization, tableName(plan.destination), schema);
  await destination.createTable({
    table: plan.destination,
    location: plan.destinationLocation,
    schema,
    partitionField: organization.partitionField,
    clusteringFields: organization.clusteringFields,
    description: `Copy of ${tableName(plan.source)} for organization ${organization.organizationId}, kept by pulse-billing-etl`,
    labels: DATASET_LABELS,
  });
}
