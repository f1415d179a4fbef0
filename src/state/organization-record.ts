/** Decodes a row of client_billing_config. */
import type { Organization } from '../job/organization.ts';
import { parseTableRef } from '../job/table-ref.ts';
import type { OrganizationRow } from './entities/organization-row.ts';

/** The organization a row describes. */
export function organizationRecord(row: OrganizationRow): Organization {
  return {
    organizationId: row.organizationId,
    sourceKind: row.sourceKind,
    source: { project: row.sourceProject, dataset: row.sourceDataset, table: row.sourceTable },
    sourceLocation: row.sourceLocation ?? undefined,
    destination: {
      project: row.destinationProject,
      dataset: row.destinationDataset,
      table: row.destinationTable,
    },
    destinationLocation: row.destinationLocation ?? undefined,
    sourceServiceAccount: row.sourceServiceAccount ?? undefined,
    destinationServiceAccount: row.destinationServiceAccount ?? undefined,
    transform: row.transform,
    writePath: row.writePath as Organization['writePath'],
    schemaPolicy: row.schemaPolicy as Organization['schemaPolicy'],
    cursorField: row.cursorField,
    partitionField: row.partitionField,
    clusteringFields: JSON.parse(row.clusteringFields) as string[],
    settleMinutes: row.settleMinutes,
    verifyLevel: row.verifyLevel as Organization['verifyLevel'],
    verifyColumns: row.verifyColumns === null ? undefined : (JSON.parse(row.verifyColumns) as string[]),
    maxBytesBilled: row.maxBytesBilled ?? undefined,
    quarantineTable: row.quarantineTable === null ? undefined : parseTableRef(row.quarantineTable),
    maxRejectedPercent: row.maxRejectedPercent,
    paused: row.paused,
    watermark: row.lastSuccessfulRun ?? undefined,
    activeJob: row.activeJob ?? undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
