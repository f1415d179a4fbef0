/** The tables of the first schema that keep records: ledger, dead letters, audit, alerts and workers. */
import { Table, type QueryRunner } from 'typeorm';
import { columnsFor, index, NAME_LENGTH } from './columns.ts';

const REASON_LENGTH = 64;

/** etl_ledger: one row for each organization and source day. */
export function ledgerTable(runner: QueryRunner): Table {
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
      longText('parts', { nullable: true }),
      whole('verified_at'),
    ],
    indices: [index(name, ['organization_id', 'source_day'], true)],
  });
}

/** dead_letters: one row for each message, by its id where it has one. */
export function deadLettersTable(runner: QueryRunner): Table {
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
      // Set while the letter of a job still has to be published to the dead-letter topic.
      whole('next_publish_at', { nullable: true }),
      whole('replayed_at', { nullable: true }),
      text('replayed_by', 255, { nullable: true }),
    ],
    indices: [
      index(name, ['message_id'], true),
      index(name, ['organization_id', 'job_id']),
      index(name, ['seen_at']),
      index(name, ['next_publish_at']),
    ],
  });
}

/** audit_log: one row for each act of a person. */
export function auditTable(runner: QueryRunner): Table {
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

/** etl_alerts: the outbox of alerts. */
export function alertsTable(runner: QueryRunner): Table {
  const { id, text, longText, whole } = columnsFor(runner);
  const name = 'etl_alerts';
  return new Table({
    name,
    columns: [
      id(),
      text('kind', REASON_LENGTH),
      text('organization_id', NAME_LENGTH, { nullable: true }),
      text('job_id', NAME_LENGTH, { nullable: true }),
      text('reason', REASON_LENGTH, { nullable: true }),
      longText('message'),
      whole('created_at'),
      whole('next_attempt_at'),
      whole('attempts', { default: 0 }),
      whole('sent_at', { nullable: true }),
    ],
    indices: [index(name, ['sent_at', 'next_attempt_at'])],
  });
}

/** etl_workers: one row for each replica and each run in the foreground that ever was. */
export function workersTable(runner: QueryRunner): Table {
  const { id, text, whole } = columnsFor(runner);
  const name = 'etl_workers';
  return new Table({
    name,
    columns: [
      id(),
      text('owner', 255),
      text('kind', 16, { default: 'worker' }),
      whole('started_at'),
      whole('seen_at'),
      whole('lease_expires_at'),
    ],
    indices: [index(name, ['owner'], true)],
  });
}
