// The synthetic billing export in a BigQuery emulator: what SQL counts there is what the generator counted here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord } from '../../dev/billing-export/billing-export-rows.ts';
import { emulatorBigQuery } from '../../dev/billing-export/emulator-clients.ts';
import { exactMoney, parseMoney } from '../../dev/billing-export/exact-money.ts';
import {
  addMissingColumns,
  appendBillingExport,
  createAndLoadBillingExport,
} from '../../dev/billing-export/load-billing-export.ts';
import type { LoadOptions } from '../../dev/billing-export/load-billing-export.ts';
import type { TableField } from '../../dev/billing-export/schema.ts';
import type { TruthTotals } from '../../dev/billing-export/truth-ledger.ts';
import { sourceBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const HOUR = 3_600_000_000n;
const source = sourceBigQuery();

function newExport(rows: number): LoadOptions & { location: string } {
  const table = 'gcp_billing_export_resource_v1_TEST';
  const generated = { seed: 7, organization: 'acme', rows, firstExportTime: NEW_YEAR };
  return { ...source, ...generated, dataset: uniqueName('billing'), table };
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const [rows] = await emulatorBigQuery(source).query({ query: sql, location: source.location });
  return rows as Record<string, unknown>[];
}

async function totalsBySql({ dataset, table }: LoadOptions): Promise<Map<string, TruthTotals>> {
  const exact = (amount: string) => `ROUND(CAST(${amount} AS BIGNUMERIC), 15)`;
  const rows = await query(`
    SELECT currency, COUNT(*) AS n, CAST(SUM(${exact('cost')}) AS STRING) AS cost,
      CAST(SUM((SELECT IFNULL(SUM(${exact('credit.amount')}), 0) FROM UNNEST(credits) AS credit)) AS STRING) AS credits
    FROM \`${dataset}.${table}\` GROUP BY currency`);
  return new Map(
    rows.map(({ currency, n, cost, credits }) => [
      String(currency),
      { rows: Number(n), cost: parseMoney(String(cost)), credits: parseMoney(String(credits)) },
    ]),
  );
}

function sorted(totals: Map<string, TruthTotals>): [string, TruthTotals][] {
  return [...totals].sort(([left], [right]) => left.localeCompare(right));
}

test('counts and exact sums per currency are the truth, also after later rows were appended', async () => {
  const options = newExport(6000);
  const { truth, rows } = await createAndLoadBillingExport(options);
  assert.equal(rows, 6000);
  assert.deepEqual(sorted(await totalsBySql(options)), sorted(truth.byCurrency()));

  const later = (truth.lastExportTime() ?? 0n) + HOUR;
  const appended = await appendBillingExport({ ...options, rows: 1500, firstExportTime: later });
  truth.addAll(appended.truth);
  assert.deepEqual(sorted(await totalsBySql(options)), sorted(truth.byCurrency()));
});

test('rows arrive as generated: bits of costs, NULL structs, empty arrays, microseconds and unicode', async () => {
  const options = newExport(300);
  await createAndLoadBillingExport(options);
  const columns = [
    'cost, TO_JSON_STRING(credits) AS credits, project IS NULL AS no_project, project.name AS project_name',
    'resource IS NULL AS no_resource, resource.name AS resource_name, UNIX_MICROS(export_time) AS export_time',
    'ARRAY_LENGTH(labels) AS labels, CAST(price.effective_price AS STRING) AS price, invoice.month AS invoice_month',
  ];
  const stored = await query(`SELECT ${columns.join(', ')} FROM \`${options.dataset}.${options.table}\``);
  const asText = (rows: readonly Record<string, unknown>[]) => rows.map((row) => JSON.stringify(row)).sort();
  assert.deepEqual(
    asText(stored.map(comparableStored)),
    asText(billingExportRows(options).map(comparableGenerated)),
  );
});

test('a table that is older than a column is created and loaded without it', async () => {
  const options = { ...newExport(200), missingColumns: ['invoice.publisher_type', 'consumption_model'] };
  const { truth } = await createAndLoadBillingExport(options);
  const table = emulatorBigQuery(source).dataset(options.dataset).table(options.table);
  const [{ schema }] = (await table.getMetadata()) as unknown as [{ schema: { fields: TableField[] } }];
  const { fields } = schema;
  assert.deepEqual(
    fields.find(({ name }) => name === 'invoice')?.fields?.map(({ name }) => name),
    ['month'],
  );
  assert.ok(!fields.some(({ name }) => name === 'consumption_model'));
  assert.deepEqual(sorted(await totalsBySql(options)), sorted(truth.byCurrency()));
});

test('columns that the export adds one day are NULL in the rows before and filled in the rows after', async () => {
  const older = { ...newExport(200), missingColumns: ['invoice.publisher_type', 'consumption_model'] };
  const { truth } = await createAndLoadBillingExport(older);
  await addMissingColumns(older);
  const { missingColumns: _, ...newer } = older;
  const firstExportTime = (truth.lastExportTime() ?? 0n) + HOUR;
  truth.addAll((await appendBillingExport({ ...newer, firstExportTime })).truth);
  const [counts] = await query(`
    SELECT COUNTIF(invoice.publisher_type IS NULL) AS before, COUNTIF(invoice.publisher_type = 'GOOGLE') > 0 AS google,
      COUNTIF(consumption_model.id IS NOT NULL) > 100 AS models FROM \`${older.dataset}.${older.table}\``);
  assert.deepEqual(counts, { before: 200, google: true, models: true });
  assert.deepEqual(sorted(await totalsBySql(older)), sorted(truth.byCurrency()));
});

test('rows that the table has no columns for are refused, and none of them becomes visible', async () => {
  const older = { ...newExport(50), missingColumns: ['consumption_model'] };
  await createAndLoadBillingExport(older);
  const { missingColumns: _, ...newer } = older;
  await assert.rejects(appendBillingExport(newer), /offset 0 was refused with code 3/);
  assert.deepEqual(await query(`SELECT COUNT(*) AS n FROM \`${older.dataset}.${older.table}\``), [{ n: 50 }]);
});

test('a table that does not exist is not loaded into', async () => {
  const options = newExport(10);
  await assert.rejects(appendBillingExport(options), /NOT_FOUND|not found/i);
});

function comparableStored(row: Record<string, unknown>): Record<string, unknown> {
  const credits = JSON.parse(String(row['credits'])) as { amount: number; type: string }[];
  return {
    ...row,
    cost: String(exactMoney(row['cost'] as number)),
    credits: credits.map(({ amount, type }) => [String(exactMoney(amount)), type]),
    export_time: String(row['export_time']),
    price: row['price'] === null ? null : String(parseMoney(String(row['price'])) / 1_000_000n),
  };
}

function comparableGenerated(row: CellRecord): Record<string, unknown> {
  const part = (name: string) => row[name] as CellRecord | null;
  return {
    cost: String(exactMoney(row['cost'] as number)),
    credits: (row['credits'] as CellRecord[]).map(({ amount, type }) => [
      String(exactMoney(amount as number)),
      type,
    ]),
    no_project: row['project'] === null,
    project_name: part('project')?.['name'] ?? null,
    no_resource: row['resource'] === null,
    resource_name: part('resource')?.['name'] ?? null,
    export_time: String(row['export_time']),
    labels: (row['labels'] as unknown[]).length,
    price: part('price') === null ? null : String(part('price')?.['effective_price']),
    invoice_month: part('invoice')?.['month'],
  };
}
