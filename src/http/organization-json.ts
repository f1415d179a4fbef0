/** An organization's configuration as JSON: the column names of client_billing_config. */
import type { Organization } from '../job/organization.ts';
import { tableName } from '../job/table-ref.ts';
import { instantJson } from './job-json.ts';

export type OrganizationJson = ReturnType<typeof organizationJson>;

/** The row of an organization. */
export function organizationJson(organization: Organization) {
  const { source, destination, maxBytesBilled } = organization;
  return {
    organization_id: organization.organizationId,
    source_kind: organization.sourceKind,
    source_project: source.project,
    source_dataset: source.dataset,
    source_table: source.table,
    source_location: organization.sourceLocation ?? null,
    destination_project: destination.project,
    destination_dataset: destination.dataset,
    destination_table: destination.table,
    destination_location: organization.destinationLocation ?? null,
    source_service_account: organization.sourceServiceAccount ?? null,
    destination_service_account: organization.destinationServiceAccount ?? null,
    transform: organization.transform,
    write_path: organization.writePath,
    schema_policy: organization.schemaPolicy,
    cursor_field: organization.cursorField,
    partition_field: organization.partitionField,
    clustering_fields: [...organization.clusteringFields],
    settle_minutes: organization.settleMinutes,
    verify_level: organization.verifyLevel,
    verify_columns: organization.verifyColumns === undefined ? null : [...organization.verifyColumns],
    // At most 2^53 - 1, so a JSON number holds it exactly: --max-bytes-billed takes no more.
    max_bytes_billed: maxBytesBilled === undefined ? null : Number(maxBytesBilled),
    quarantine_table:
      organization.quarantineTable === undefined ? null : tableName(organization.quarantineTable),
    max_rejected_percent: organization.maxRejectedPercent,
    paused: organization.paused,
    last_successful_run: instantJson(organization.watermark),
    active_job: organization.activeJob ?? null,
    created_at: instantJson(organization.createdAt),
    updated_at: instantJson(organization.updatedAt),
  };
}
