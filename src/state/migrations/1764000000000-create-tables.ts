/** The first schema: configuration, jobs with their steps and batches, ledger, dead letters, audit, alerts, workers. */
import type { MigrationInterface, QueryRunner, Table } from 'typeorm';
import { batchesTable, configurationTable, jobsTable, stepsTable } from './1764000000000-job-tables.ts';
import {
  alertsTable,
  auditTable,
  deadLettersTable,
  ledgerTable,
  workersTable,
} from './1764000000000-record-tables.ts';

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
