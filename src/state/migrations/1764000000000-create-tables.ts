/** The first schema: configuration, jobs with their steps and batches, ledger, dead letters, audit, alerts, workers. */
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { columnsFor, index, NAME_LENGTH } from './columns.ts';

// Together with the two ASCII names the table name has to fit MySQL's 3,072 bytes of an index.
const PROJECT_LENGTH = 128;
const DATASET_LENGTH = 1024;
const DESTINATION_TABLE_LENGTH = 450;
const REASON_LENGTH = 64;

/** Each table with its indices is one statement, made only if it is missing: the migration may be interrupted anywhere and run again. */
export class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';

  /** Makes every table that is not there yet. */
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner)) await runner.createTable(table, true);
  }

  /** Drops every table, and all state with them. */
  async down(runner: QueryRunner): Promise<void> {
    for (const table of tables(runner).reverse()) await runner.dropTable(table.name, true);
  }
}

function tables(runner: QueryRunner): Table[] {
  return [
    configurationTable(runner),
    jobsTable(runner),
    stepsTable(runner),
    batchesTable(runner),
    ledgerTable(runner),
    deadLettersTable(runner),
    auditTable(runner),
    alertsTable(runner),
    workersTable(runner),
  ];
}

function configurationTable(runner: QueryRunner): Table {
  const { id, text, asciiText, longText, whole, flag } = columnsFor(runner);
  const name = 'client_billing_config';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
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
      flag('paused'),
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

function jobsTable(runner: QueryRunner): Table {
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
    ],
  });
}

function stepsTable(runner: QueryRunner): Table {
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

function batchesTable(runner: QueryRunner): Table {
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
      text('state', 16),
      whole('updated_at'),
    ],
    indices: [
      index(name, ['organization_id', 'job_id', 'plan_number', 'stream', 'batch'], true),
      index(name, ['updated_at']),
    ],
  });
}

function ledgerTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'etl_ledger';
  return new Table({
    name,
    columns: [
      id(),
      text('organization_id', NAME_LENGTH),
      text('source_day', 10),
      whole('row_count'),
      longText('totals'),
      text('fingerprint', 255, { nullable: true }),
      whole('verified_at'),
    ],
    indices: [index(name, ['organization_id', 'source_day'], true)],
  });
}

function deadLettersTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'dead_letters';
  return new Table({
    name,
    columns: [
      id(),
      text('source', 32),
      longText('message'),
      text('message_encoding', 16),
      text('message_id', 255, { nullable: true }),
      longText('attributes'),
      text('organization_id', NAME_LENGTH, { nullable: true }),
      text('job_id', NAME_LENGTH, { nullable: true }),
      text('reason', REASON_LENGTH),
      longText('violations'),
      whole('seen_at'),
      whole('replayed_at', { nullable: true }),
      text('replayed_by', 255, { nullable: true }),
    ],
    indices: [
      index(name, ['message_id'], true),
      index(name, ['organization_id', 'job_id']),
      index(name, ['seen_at']),
    ],
  });
}

function auditTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'audit_log';
  return new Table({
    name,
    columns: [
      id(),
      text('actor', 255),
      text('action', 64),
      text('subject', 600),
      longText('before_state', { nullable: true }),
      longText('after_state', { nullable: true }),
      whole('recorded_at'),
    ],
    indices: [index(name, ['subject', 'id']), index(name, ['recorded_at'])],
  });
}

function alertsTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'etl_alerts';
  return new Table({
    name,
    columns: [
      id(),
      text('kind', REASON_LENGTH),
      text('organization_id', NAME_LENGTH, { nullable: true }),
      text('job_id', NAME_LENGTH, { nullable: true }),
      longText('message'),
      whole('created_at'),
      whole('next_attempt_at'),
      whole('attempts', { default: 0 }),
      whole('sent_at', { nullable: true }),
    ],
    indices: [index(name, ['sent_at', 'next_attempt_at'])],
  });
}

function workersTable(runner: QueryRunner): Table {
  const { id, text, whole } = columnsFor(runner);
  const name = 'etl_workers';
  return new Table({
    name,
    columns: [id(), text('owner', 255), whole('started_at'), whole('seen_at'), whole('lease_expires_at')],
    indices: [index(name, ['owner'], true)],
  });
}
