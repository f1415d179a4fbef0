// Puts a synthetic billing export into a BigQuery emulator, and later rows behind it, through the Storage Write API.
import type { BigQuery, TableMetadata } from '@google-cloud/bigquery';
import { appendBatches } from './append-stream.ts';
import {
  billingExportBatches,
  type BillingExportOptions,
  serializedBillingExportSchema,
} from './billing-export.ts';
import { type EmulatorAddress, emulatorBigQuery, emulatorWriteClient } from './emulator-clients.ts';
import { detailedExportFields, withoutColumns } from './schema.ts';
import { TruthLedger } from './truth-ledger.ts';

/** The table in an emulator, and what to generate into it. */
export interface LoadOptions extends EmulatorAddress, Omit<BillingExportOptions, 'truth'> {
  readonly dataset: string;
  readonly table: string;
}

/** What was loaded. */
export interface LoadedExport {
  readonly truth: TruthLedger;
  readonly rows: number;
}

/**
 * Creates the dataset (unless it exists) and the table as Google's export creates them, by ingestion day and not
 * clustered, and loads the generated rows. Rejects when the table exists.
 */
export async function createAndLoadBillingExport(
  options: LoadOptions & { readonly location: string },
): Promise<LoadedExport> {
  const bigquery = emulatorBigQuery(options);
  await createDataset(bigquery, options.dataset, options.location);
  await createTable(bigquery, options);
  return appendBillingExport(options);
}

/**
 * Appends generated rows to an existing table; all of them become visible at once. For rows that continue an earlier load,
 * give a `firstExportTime` after its last.
 */
export async function appendBillingExport(options: LoadOptions): Promise<LoadedExport> {
  const client = emulatorWriteClient(options);
  try {
    const parent = client.tablePath(options.project, options.dataset, options.table);
    const truth = new TruthLedger();
    const [stream] = await client.createWriteStream({ parent, writeStream: { type: 'PENDING' } });
    const name = stream.name ?? '';
    const schema = serializedBillingExportSchema(options.missingColumns);
    const rows = await appendBatches(client, name, schema, billingExportBatches({ ...options, truth }));
    const [{ rowCount }] = await client.finalizeWriteStream({ name });
    if (Number(rowCount) !== rows) throw new Error(`${name} holds ${String(rowCount)} rows, not ${rows}.`);
    const [commit] = await client.batchCommitWriteStreams({ parent, writeStreams: [name] });
    if (!commit.commitTime)
      throw new Error(`${name} is not committed: ${JSON.stringify(commit.streamErrors)}`);
    return { truth, rows };
  } finally {
    await client.close();
  }
}

/** Adds the columns that an older table still lacks, as the export does one day; rows before have NULL in them. */
export async function addMissingColumns(options: LoadOptions): Promise<void> {
  const { dataset, table, missingColumns = [] } = options;
  const present = new Set(withoutColumns(detailedExportFields, missingColumns).map(({ name }) => name));
  // BigQuery takes new columns behind the old ones only.
  const fields = detailedExportFields.toSorted(
    (a, b) => Number(present.has(b.name)) - Number(present.has(a.name)),
  );
  await emulatorBigQuery(options).dataset(dataset).table(table).setMetadata({ schema: { fields } });
}

async function createDataset(bigquery: BigQuery, dataset: string, location: string): Promise<void> {
  const [exists] = await bigquery.dataset(dataset).exists();
  if (!exists) await bigquery.createDataset(dataset, { location });
}

async function createTable(
  bigquery: BigQuery,
  { dataset, table, missingColumns = [] }: LoadOptions,
): Promise<void> {
  const fields = withoutColumns(detailedExportFields, missingColumns);
  const metadata: TableMetadata = { schema: { fields: [...fields] }, timePartitioning: { type: 'DAY' } };
  await bigquery.dataset(dataset).createTable(table, metadata);
}
