/** The options of `org set`: one for each column of client_billing_config, checked before anything is changed. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { SCHEMA_POLICIES, WRITE_PATHS, type Organization } from '../../job/organization.ts';
import { VERIFY_LEVELS } from '../../job/plan.ts';
import { parseTableRef, tableRefProblem, type TableRef } from '../../job/table-ref.ts';

/** An option given an empty argument, which clears its column; commander has no other empty value. */
export type Cleared = '';

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

function table(text: string): TableRef {
  const ref = parseTableRef(text);
  if (!ref) throw new InvalidArgumentError(`${sentence(tableRefProblem(text) ?? '')}.`);
  return ref;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// Every kind of transform name. Source: spec.md §5, Transforms.
function transform(text: string): string {
  return matching(
    text,
    /^(none|focus-1\.[012]|(sql|module):[A-Za-z0-9_-]{1,100})$/,
    'none, focus-1.0, focus-1.1, focus-1.2, sql:<name> or module:<name>',
  );
}

function location(text: string): string {
  return matching(text, /^[A-Za-z][A-Za-z0-9-]{1,62}$/, 'a BigQuery location such as EU or europe-west3');
}

function email(text: string): string {
  return matching(text, /^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'the e-mail address of a service account');
}

function column(text: string): string {
  return matching(text, /^[\p{L}_][\p{L}\p{N}_]{0,299}$/u, 'the name of a top-level column');
}

function columns(text: string): string[] {
  const path = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u;
  return text.split(',').map((name) => matching(name.trim(), path, 'column names separated by commas'));
}

// Source: BigQuery documentation, clustered tables: up to four columns.
function clustering(text: string): string[] {
  const names = columns(text);
  if (names.length > 4) throw new InvalidArgumentError('BigQuery clusters by at most 4 columns.');
  return names;
}

function settleMinutes(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 525_600)
    throw new InvalidArgumentError('Use whole minutes, at most a year.');
  return number;
}

function percent(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100)
    throw new InvalidArgumentError('Use whole percent, from 0 to 100.');
  return Number(text);
}

function bytes(text: string): bigint {
  // JSON readers hold no larger whole numbers.
  const fits = /^\d+$/.test(text) && BigInt(text) >= 1n && BigInt(text) <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!fits) throw new InvalidArgumentError('Use a whole number of bytes, such as 1000000000000 for 1 TB.');
  return BigInt(text);
}

function clearable<T>(parse: (text: string) => T): (text: string) => T | Cleared {
  return (text) => (text === '' ? '' : parse(text));
}

function matching(text: string, pattern: RegExp, rule: string): string {
  if (!pattern.test(text)) throw new InvalidArgumentError(`Use ${rule}.`);
  return text;
}
