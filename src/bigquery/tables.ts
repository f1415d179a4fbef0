/** Datasets and tables through the REST API: what they are, and how they are made and extended. */
import { TerminalError, TransientError } from '../job/errors.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { TableSchema } from '../job/table-schema.ts';
import type { NewTable } from '../etl/destination.ts';
import type { Environment } from './environment.ts';
import { restAnswer, restCall } from './rest.ts';
import { evolvedFields, fromRestFields, toRestFields, type RestField } from './schema.ts';
import { datasetPath, tablePath } from './table-ref.ts';

/** A stored table as both sides describe it. */
export type DescribedTable = {
  readonly table: TableRef;
  readonly location: string;
  readonly schema: TableSchema;
};

type TableResource = {
  readonly etag: string;
  readonly type?: string;
  readonly location?: string;
  readonly schema?: { readonly fields?: readonly RestField[] };
};

const HTTP_NOT_FOUND = 404;
const HTTP_CONFLICT = 409;
const HTTP_PRECONDITION_FAILED = 412;
const PATCH_TRIES = 5;

/** Kinds of table whose rows the Storage Read API serves as of a snapshot. Source: BigQuery documentation, Table.type. */
const READABLE = ['TABLE', 'SNAPSHOT'];

/** The table, or undefined when it or its dataset does not exist; throws TerminalError('unsupported') for views and external tables. */
export async function describeTable(
  environment: Environment,
  table: TableRef,
): Promise<DescribedTable | undefined> {
  const resource = await readTable(environment, table);
  if (!resource) return undefined;
  const type = resource.type ?? 'TABLE';
  if (!READABLE.includes(type)) {
    throw new TerminalError(
      'unsupported',
      `${tableName(table)} is a ${type}, which cannot be read as of a past instant; name the table behind it`,
    );
  }
  const location = resource.location ?? (await datasetLocation(environment, table));
  if (location === undefined) return undefined;
  return { table, location, schema: fromRestFields(resource.schema?.fields ?? []) };
}

/** Location of the table's dataset, or undefined when it does not exist. */
export async function datasetLocation(
  environment: Environment,
  table: TableRef,
): Promise<string | undefined> {
  const answer = await restAnswer<{ readonly location?: string }>(
    environment,
    {
      method: 'GET',
      project: table.project,
      path: datasetPath(table),
      doing: `looking up the dataset of ${tableName(table)}`,
    },
    [HTTP_NOT_FOUND],
  );
  return answer.kind === 'ok' ? answer.body.location : undefined;
}

/** Makes the table's dataset unless it is there. */
export async function createDataset(
  environment: Environment,
  table: TableRef,
  location: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const datasetReference = { projectId: table.project, datasetId: table.dataset };
  const description = 'Billing data copied by pulse-billing-etl';
  await restAnswer(
    environment,
    {
      method: 'POST',
      project: table.project,
      path: '/datasets',
      body: { datasetReference, location, description, labels },
      doing: `creating the dataset of ${tableName(table)} in ${location}`,
    },
    [HTTP_CONFLICT],
  );
}

/** Makes the table, partitioned by day and clustered, unless it is there. */
export async function createTable(environment: Environment, table: NewTable): Promise<void> {
  const { project, dataset, table: tableId } = table.table;
  await restAnswer(
    environment,
    {
      method: 'POST',
      project,
      path: `${datasetPath(table.table)}/tables`,
      body: {
        tableReference: { projectId: project, datasetId: dataset, tableId },
        schema: { fields: toRestFields(table.schema) },
        timePartitioning: { type: 'DAY', field: table.partitionField },
        ...(table.clusteringFields.length > 0 && { clustering: { fields: table.clusteringFields } }),
        description: table.description,
        labels: table.labels,
      },
      doing: `creating the table ${tableName(table.table)}`,
    },
    [HTTP_CONFLICT],
  );
}

/** Adds the fields the wanted schema has more and relaxes REQUIRED; somebody else's change at the same time is kept, not overwritten. */
export async function updateTableSchema(
  environment: Environment,
  table: TableRef,
  wanted: TableSchema,
): Promise<void> {
  const doing = `adding columns to ${tableName(table)}`;
  for (let tries = 0; tries < PATCH_TRIES; tries += 1) {
    const current = await restCall<TableResource>(environment, {
      method: 'GET',
      project: table.project,
      path: tablePath(table),
      doing,
    });
    const patched = await restAnswer(
      environment,
      {
        method: 'PATCH',
        project: table.project,
        path: tablePath(table),
        headers: { 'If-Match': current.etag },
        body: { schema: { fields: evolvedFields(current.schema?.fields ?? [], wanted) } },
        doing,
      },
      [HTTP_PRECONDITION_FAILED],
    );
    if (patched.kind === 'ok') return;
  }
  throw new TransientError(
    'warehouse_unavailable',
    `the schema of ${tableName(table)} was changed by somebody else each of ${PATCH_TRIES} times while ${doing}`,
  );
}

async function readTable(environment: Environment, table: TableRef): Promise<TableResource | undefined> {
  const answer = await restAnswer<TableResource>(
    environment,
    {
      method: 'GET',
      project: table.project,
      path: tablePath(table),
      doing: `looking up ${tableName(table)}`,
    },
    [HTTP_NOT_FOUND],
  );
  return answer.kind === 'ok' ? answer.body : undefined;
}
