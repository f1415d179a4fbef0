/** One row of client_billing_config. */
import { Entity } from 'typeorm';
import { BigWhole, Count, Flag, Id, LongText, Text } from './column.ts';

@Entity('client_billing_config')
export class OrganizationRow {
  @Id() id!: number;
  @Text('organization_id') organizationId!: string;
  @Text('source_project') sourceProject!: string;
  @Text('source_dataset') sourceDataset!: string;
  @Text('source_table') sourceTable!: string;
  @Text('source_location') sourceLocation!: string | null;
  @Text('destination_project') destinationProject!: string;
  @Text('destination_dataset') destinationDataset!: string;
  @Text('destination_table') destinationTable!: string;
  @Text('destination_location') destinationLocation!: string | null;
  @Text('source_kind') sourceKind!: string;
  @Text('source_service_account') sourceServiceAccount!: string | null;
  @Text('destination_service_account') destinationServiceAccount!: string | null;
  @Text('transform') transform!: string;
  @Text('write_path') writePath!: string;
  @Text('schema_policy') schemaPolicy!: string;
  @Text('cursor_field') cursorField!: string;
  @Text('partition_field') partitionField!: string;
  @LongText('clustering_fields') clusteringFields!: string;
  @Count('settle_minutes') settleMinutes!: number;
  @Text('verify_level') verifyLevel!: string;
  @LongText('verify_columns') verifyColumns!: string | null;
  @BigWhole('max_bytes_billed') maxBytesBilled!: bigint | null;
  @LongText('quarantine_table') quarantineTable!: string | null;
  @Count('max_rejected_percent') maxRejectedPercent!: number;
  @Flag('paused') paused!: boolean;
  @Flag('paused_with_all') pausedWithAll!: boolean;
  @BigWhole('last_successful_run') lastSuccessfulRun!: bigint | null;
  @Text('active_job') activeJob!: string | null;
  @BigWhole('created_at') createdAt!: bigint;
  @BigWhole('updated_at') updatedAt!: bigint;
}
