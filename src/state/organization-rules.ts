/** What a configuration may say: the rules every organization keeps, whoever sets it. */
import { SCHEMA_POLICIES, WRITE_PATHS } from '../job/organization.ts';
import { VERIFY_LEVELS } from '../job/plan.ts';
import { isTableRef, parseTableRef, tableName, type TableRef } from '../job/table-ref.ts';
import type { ConfigurationColumns } from './organization-change.ts';

const NAME = /^[A-Za-z0-9._-]{1,255}$/;
const COLUMN = /^[\p{L}_][\p{L}\p{N}\p{M}_-]{0,299}$/u;
const LOCATION = /^[A-Za-z0-9-]{1,64}$/;
const SERVICE_ACCOUNT = /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$/;
const TRANSFORM = /^(none|focus-1\.[012]|(sql|module):[A-Za-z0-9._-]{1,200})$/;
// MySQL indexes at most 3,072 bytes, and the destination must be unique as a whole.
const SOURCE_KIND = /^(bigquery|files|module:[A-Za-z0-9._-]{1,200})$/;
const MAX_PROJECT = 128;
const MAX_DESTINATION_TABLE = 450;
const MAX_CLUSTERING_FIELDS = 4;

/** Everything wrong with a configuration, each naming the value and the rule. */
export function violations(organizationId: string, columns: ConfigurationColumns): string[] {
  const { settleMinutes, maxBytesBilled, transform, cursorField, partitionField, maxRejectedPercent } =
    columns;
  const clustering = JSON.parse(columns.clusteringFields) as unknown[];
  const verified = JSON.parse(columns.verifyColumns ?? '[]') as unknown[];
  return [
    ...rule(NAME.test(organizationId), `organization "${organizationId}" may hold only A-Z a-z 0-9 . _ -`),
    ...tableViolations(columns),
    ...rule(
      columns.sourceKind === 'bigquery' || transform === 'none' || transform.startsWith('module:'),
      `transform "${transform}" is SQL, which a source of kind ${columns.sourceKind} cannot carry out; use none or module:NAME`,
    ),
    ...rule(
      SOURCE_KIND.test(columns.sourceKind),
      `source kind "${columns.sourceKind}" must be bigquery, files or module:NAME`,
    ),
    ...rule(
      columns.sourceKind === 'bigquery' || columns.destinationLocation !== null,
      `a source of kind ${columns.sourceKind} has no location of its own: say where the copy lives with --destination-location`,
    ),
    ...optional(columns.sourceLocation, LOCATION, 'source location'),
    ...optional(columns.destinationLocation, LOCATION, 'destination location'),
    ...optional(columns.sourceServiceAccount, SERVICE_ACCOUNT, 'source service account'),
    ...optional(columns.destinationServiceAccount, SERVICE_ACCOUNT, 'destination service account'),
    ...rule(
      TRANSFORM.test(transform),
      `transform "${transform}" must be none, focus-1.0, focus-1.1, focus-1.2, sql:NAME or module:NAME`,
    ),
    ...oneOf(columns.writePath, WRITE_PATHS, 'write path'),
    ...oneOf(columns.schemaPolicy, SCHEMA_POLICIES, 'schema policy'),
    ...oneOf(columns.verifyLevel, VERIFY_LEVELS, 'verify level'),
    ...rule(COLUMN.test(cursorField), `cursor field "${cursorField}" is no column name`),
    ...rule(COLUMN.test(partitionField), `partition field "${partitionField}" is no column name`),
    ...rule(
      clustering.length <= MAX_CLUSTERING_FIELDS && clustering.every(isPath),
      `clustering fields ${columns.clusteringFields} must be at most ${MAX_CLUSTERING_FIELDS} column names`,
    ),
    ...rule(verified.every(isPath), `verify columns ${columns.verifyColumns ?? ''} must be column names`),
    ...rule(
      Number.isSafeInteger(settleMinutes) && settleMinutes >= 0,
      `settle minutes ${settleMinutes} must be a whole number, 0 or more`,
    ),
    ...rule(
      maxBytesBilled === null || maxBytesBilled > 0n,
      `max bytes billed ${maxBytesBilled ?? ''} must be 1 or more`,
    ),
    ...rule(
      Number.isInteger(maxRejectedPercent) && maxRejectedPercent >= 0 && maxRejectedPercent <= 100,
      `max rejected percent ${maxRejectedPercent} must be a whole number from 0 to 100`,
    ),
  ];
}

function tableViolations(columns: ConfigurationColumns): string[] {
  const source = {
    project: columns.sourceProject,
    dataset: columns.sourceDataset,
    table: columns.sourceTable,
  };
  const destination = {
    project: columns.destinationProject,
    dataset: columns.destinationDataset,
    table: columns.destinationTable,
  };
  const named = (ref: TableRef) => isTableRef(ref) && ref.project.length <= MAX_PROJECT;
  return [
    ...rule(named(source), `source "${tableName(source)}" is no BigQuery table name`),
    ...rule(named(destination), `destination "${tableName(destination)}" is no BigQuery table name`),
    ...rule(
      destination.table.length <= MAX_DESTINATION_TABLE,
      `the destination's table name has ${destination.table.length} characters; at most ${MAX_DESTINATION_TABLE} are supported`,
    ),
    ...rule(tableName(source) !== tableName(destination), `source and destination are the same table`),
    ...quarantineViolations(columns.quarantineTable, [source, destination]),
  ];
}

function quarantineViolations(name: string | null, others: readonly TableRef[]): string[] {
  if (name === null) return [];
  const table = parseTableRef(name);
  return [
    ...rule(table !== undefined, `quarantine table "${name}" is no BigQuery table name`),
    ...rule(
      !others.map(tableName).includes(name),
      `quarantine table "${name}" is the source or the destination; rejected rows need a table of their own`,
    ),
  ];
}

function rule(holds: boolean, violation: string): string[] {
  return holds ? [] : [violation];
}

function optional(value: string | null, pattern: RegExp, what: string): string[] {
  return rule(value === null || pattern.test(value), `${what} "${value ?? ''}" is malformed`);
}

function oneOf(value: string, allowed: readonly string[], what: string): string[] {
  return rule(allowed.includes(value), `${what} "${value}" must be one of ${allowed.join(', ')}`);
}

/** A column, or a field inside one: `credits.amount`. */
function isPath(value: unknown): boolean {
  return typeof value === 'string' && value.split('.').every((part) => COLUMN.test(part));
}
