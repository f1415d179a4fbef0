/** The tables of the first schema that a run works with: configuration, jobs, steps and batches. */
import { Table, type QueryRunner } from 'typeorm';
import { columnsFor, index, NAME_LENGTH } from './columns.ts';

// Together with the two ASCII names the table name has to fit MySQL's 3,072 bytes of an index.
const PROJECT_LENGTH = 128;
const DATASET_LENGTH = 1024;
const DESTINATION_TABLE_LENGTH = 450;
const REASON_LENGTH = 64;

/** client_billing_config: one row for each organization; no two share a destination. */
export function configurationTable(runner: QueryRunner): Table {
  const { id, text, asciiText, longText, whole, flag } = columnsFor(runner);
  const name = 'client_billing_config';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
      text('source_kind', 255, { default: 'bigquery' }),
      asciiText('source_project', PROJECT_LENGTH),
      asciiText('source_dataset', DATASET_LENGTH),
      text('source_table', 1024),
      text('source_location', 64, { nullable: true }),
      asciiText('destination_project', PROJECT_LENGTH),
      asciiText('destination_dataset', DATASET_LENGTH),
      text('destination_table', DESTINATION_TABLE_LENGTH),
      text('destination_location', 64, { nullable: true }),
      text('source_service_account', 320, { nullable: true }),
      text('destination_service_account', 320, { nullable: true }),
      text('transform', 255),
      text('write_path', 16),
      text('schema_policy', 16),
      text('cursor_field', 300),
      text('partition_field', 300),
      longText('clustering_fields'),
      whole('settle_minutes'),
      text('verify_level', 16),
      longText('verify_columns', { nullable: true }),
      whole('max_bytes_billed', { nullable: true }),
      longText('quarantine_table', { nullable: true }),
      whole('max_rejected_percent', { default: 0 }),
      flag('paused'),
      // So that resuming all leaves alone what was paused by itself.
      flag('paused_with_all'),
      whole('last_successful_run', { nullable: true }),
      text('active_job', NAME_LENGTH, { nullable: true }),
      whole('created_at'),
      whole('updated_at'),
    ],
    indices: [
      index(name, ['organization_id'], true),
      index(name, ['destination_project', 'destination_dataset', 'destination_table'], true),
    ],
  });
}

/** etl_jobs: one row for each organization and job id, for ever. */
export function jobsTable(runner: QueryRunner): Table {
  const { id, text, longText, whole, flag } = columnsFor(runner);
  const name = 'etl_jobs';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
      text('job_id', NAME_LENGTH),
      text('job_type', 16),
      text('status', 16),
      whole('window_start', { nullable: true }),
      whole('window_end', { nullable: true }),
      whole('attempts', { default: 0 }),
      whole('interruptions', { default: 0 }),
      whole('crashes', { default: 0 }),
      longText('crash_suspects', { nullable: true }),
      whole('next_attempt_at', { nullable: true }),
      whole('doorbell_seen_at'),
      text('lease_owner', 255, { nullable: true }),
      whole('lease_epoch', { default: 0 }),
      whole('lease_expires_at', { nullable: true }),
      whole('plan_number', { default: 1 }),
      longText('plan', { nullable: true }),
      longText('commit_set', { nullable: true }),
      flag('needs_operator'),
      whole('rows_read', { nullable: true }),
      whole('rows_written', { nullable: true }),
      whole('bytes_written', { nullable: true }),
      text('error_reason', REASON_LENGTH, { nullable: true }),
      longText('error_message', { nullable: true }),
      flag('cancel_requested'),
      text('requested_by', 255, { nullable: true }),
      text('message_id', 255, { nullable: true }),
      whole('created_at'),
      whole('started_at', { nullable: true }),
      whole('finished_at', { nullable: true }),
      whole('updated_at'),
    ],
    indices: [
      index(name, ['organization_id', 'job_id'], true),
      index(name, ['organization_id', 'status', 'id']),
      index(name, ['status', 'doorbell_seen_at']),
      index(name, ['finished_at']),
    ],
  });
}

/** etl_steps: one row for each step and plan number of a job. */
export function stepsTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'etl_steps';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
      text('job_id', NAME_LENGTH),
      whole('plan_number'),
      text('step', 32),
      text('status', 16),
      whole('started_at'),
      whole('finished_at', { nullable: true }),
      longText('detail'),
    ],
    indices: [
      index(name, ['organization_id', 'job_id', 'plan_number', 'step'], true),
      index(name, ['started_at']),
    ],
  });
}

/** etl_batches: one row for each batch of a plan. */
export function batchesTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'etl_batches';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
      text('job_id', NAME_LENGTH),
      whole('plan_number'),
      whole('stream'),
      whole('batch'),
      whole('read_offset'),
      whole('write_offset'),
      whole('rows_read'),
      whole('rows_written'),
      whole('rows_dropped'),
      whole('rows_quarantined'),
      whole('bytes'),
      longText('totals'),
      text('fingerprint', 255, { nullable: true }),
      longText('days', { nullable: true }),
      text('state', 16),
      whole('updated_at'),
    ],
    indices: [
      index(name, ['organization_id', 'job_id', 'plan_number', 'stream', 'batch'], true),
      index(name, ['updated_at']),
    ],
  });
}
