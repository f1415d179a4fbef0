/** The options of `org set`: one for each column of client_billing_config, checked before anything is changed. */
import { Option, type Command } from 'commander';
import { SCHEMA_POLICIES, WRITE_PATHS, type Organization } from '../../job/organization.ts';
import { VERIFY_LEVELS } from '../../job/plan.ts';
import type { TableRef } from '../../job/table-ref.ts';
import {
  bytes,
  clearable,
  clustering,
  column,
  columns,
  email,
  location,
  percent,
  settleMinutes,
  table,
  transform,
  type Cleared,
} from './organization-values.ts';

/** The values as commander hands them over; what was not given is undefined. */
export type OrganizationOptions = {
  readonly sourceKind?: string;
  readonly source?: TableRef;
  readonly destination?: TableRef;
  readonly sourceLocation?: string;
  readonly destinationLocation?: string;
  readonly sourceServiceAccount?: string;
  readonly destinationServiceAccount?: string;
  readonly transform?: string;
  readonly writePath?: Organization['writePath'];
  readonly schemaPolicy?: Organization['schemaPolicy'];
  readonly cursorField?: string;
  readonly partitionField?: string;
  readonly clusteringFields?: readonly string[] | Cleared;
  readonly settleMinutes?: number;
  readonly verifyLevel?: Organization['verifyLevel'];
  readonly verifyColumns?: readonly string[] | Cleared;
  readonly maxBytesBilled?: bigint | Cleared;
  readonly quarantineTable?: TableRef | Cleared;
  readonly maxRejectedPercent?: number;
};

/** Adds the options. Defaults are the store's, for a new organization only. */
export function withOrganizationOptions(command: Command): Command {
  return command
    .option('--source <p.d.t>', 'table of the billing export: project.dataset.table', table)
    .option(
      '--source-kind <kind>',
      'bigquery, files (folders of CSV or Parquet under SOURCES_DIR) or module:<name> (default: bigquery)',
    )
    .option('--destination <p.d.t>', 'table of the copy; no two organizations share one', table)
    .option('--source-location <location>', 'location of the source; "" = found out', clearable(location))
    .option(
      '--destination-location <location>',
      'location of a dataset to be made; "" = as the source',
      clearable(location),
    )
    .option('--source-service-account <e-mail>', 'impersonated for reading; "" = nobody', clearable(email))
    .option(
      '--destination-service-account <e-mail>',
      'impersonated for writing; "" = nobody',
      clearable(email),
    )
    .option(
      '--transform <name>',
      'none, focus-1.0 to focus-1.2, sql:<name> or module:<name> (default: none)',
      transform,
    )
    .addOption(new Option('--write-path <path>', 'how rows travel (default: auto)').choices(WRITE_PATHS))
    .addOption(
      new Option('--schema-policy <policy>', 'what a new column does (default: evolve)').choices(
        SCHEMA_POLICIES,
      ),
    )
    .option('--cursor-field <column>', 'column that orders new data (default: export_time)', column)
    .option(
      '--partition-field <column>',
      'column of the copy it is partitioned by (default: _etl_cursor)',
      column,
    )
    .option(
      '--clustering-fields <a,b,…>',
      'columns of the copy it is clustered by; "" = none',
      clearable(clustering),
    )
    .option('--settle-minutes <n>', 'leave out rows younger than this (default: 15)', settleMinutes)
    .addOption(
      new Option('--verify-level <level>', 'what is compared (default: totals)').choices(VERIFY_LEVELS),
    )
    .option(
      '--verify-columns <a,b.c,…>',
      'columns whose sums are compared; "" = cost and credits.amount',
      clearable(columns),
    )
    .option('--max-bytes-billed <n>', 'refuse to read more than this; "" = no limit', clearable(bytes))
    .option(
      '--quarantine-table <p.d.t>',
      'keeps rows that a module transform rejects; "" = they are only counted',
      clearable(table),
    )
    .option(
      '--max-rejected-percent <n>',
      'fail a job of whose rows a module transform rejects more (default: 0)',
      percent,
    );
}
