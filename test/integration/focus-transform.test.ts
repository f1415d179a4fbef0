// FOCUS rows made by BigQuery's stand-in of a generated export: to the last decimal, and by the rules of the specification.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import type { CellRecord } from '../../dev/billing-export/billing-export-rows.ts';
import { emulatorBigQuery } from '../../dev/billing-export/emulator-clients.ts';
import { exactMoney, formatMoney, parseMoney } from '../../dev/billing-export/exact-money.ts';
import { createAndLoadBillingExport } from '../../dev/billing-export/load-billing-export.ts';
import { detailedExportFields, withoutColumns } from '../../dev/billing-export/schema.ts';
import type { TruthLedger } from '../../dev/billing-export/truth-ledger.ts';
import { fromRestFields } from '../../src/bigquery/schema.ts';
import type { RestField } from '../../src/bigquery/schema.ts';
import {
  focusChecksSql,
  focusProblems,
  focusSchemaProblems,
} from '../../src/etl/transforms/focus/focus-checks.ts';
import { focusSql } from '../../src/etl/transforms/focus/focus-columns.ts';
import { field, list } from '../support/cells.ts';
import { sourceBigQuery } from '../support/environment.ts';
import { uniqueName } from '../support/eventually.ts';

const NEW_YEAR = 1_767_225_600_000_000n;
const DAY = 86_400_000_000n;
const source = sourceBigQuery();
const bigquery = emulatorBigQuery(source);
const generated = {
  seed: 11,
  organization: 'acme',
  rows: 900,
  firstExportTime: NEW_YEAR,
  lastExportTime: NEW_YEAR + 40n * DAY,
};
const dataset = uniqueName('focus');
const rows = billingExportRows(generated);
let truth: TruthLedger;

type QueryRow = Record<string, string | number | null>;

async function query(sql: string): Promise<QueryRow[]> {
  const [answer] = await bigquery.query({ query: sql, location: source.location });
  return answer as QueryRow[];
}

/** Loads an export and writes its FOCUS rows beside it. */
async function transformed(
  table: string,
  version: '1.0' | '1.1' | '1.2',
  options: Partial<typeof generated> & { missingColumns?: readonly string[] } = {},
): Promise<TruthLedger> {
  const loaded = await createAndLoadBillingExport({ ...source, ...generated, ...options, dataset, table });
  const fields = withoutColumns(detailedExportFields, options.missingColumns ?? []);
  const sql = focusSql(version, fromRestFields(fields)).replaceAll('{source}', `\`${dataset}.${table}\``);
  await query(`CREATE TABLE \`${dataset}.${table}_focus\` AS ${sql}`);
  return loaded.truth;
}

async function schemaProblems(table: string, version: '1.0' | '1.1' | '1.2'): Promise<readonly string[]> {
  const [{ schema }] = (await bigquery.dataset(dataset).table(table).getMetadata()) as unknown as [
    { schema: { fields: RestField[] } },
  ];
  return focusSchemaProblems(version, fromRestFields(schema.fields));
}

async function problems(from: string): Promise<readonly string[]> {
  return focusProblems('1.2', (await query(focusChecksSql('1.2', from)))[0]);
}

const credited = (row: CellRecord): bigint =>
  list(row, 'credits').reduce((sum, credit) => sum + exactMoney(credit['amount'] as number), 0n);
const net = (row: CellRecord): bigint => exactMoney(row['cost'] as number) + credited(row);

before(async () => {
  truth = await transformed('export', '1.2');
});

test('BilledCost and EffectiveCost per invoice month and currency are the truth to the last decimal', async () => {
  const sums = await query(`
    SELECT CONCAT(FORMAT_DATE('%Y%m', DATE(BillingPeriodStart, 'America/Los_Angeles')), ' ', BillingCurrency) AS k,
      COUNT(*) AS n, CAST(SUM(EffectiveCost) AS STRING) AS effective, CAST(SUM(BilledCost) AS STRING) AS billed
    FROM \`${dataset}.export_focus\` GROUP BY 1`);
  const agency = new Map<string, bigint>();
  for (const row of rows.filter((candidate) => candidate['transaction_type'] === 'THIRD_PARTY_AGENCY')) {
    const key = `${field(row, 'invoice.month') as string} ${row['currency'] as string}`;
    agency.set(key, (agency.get(key) ?? 0n) + net(row));
  }
  assert.ok([...agency.values()].some((amount) => amount !== 0n));
  const written = new Map(
    sums.map(({ k, n, effective, billed }) => [
      k,
      [n, parseMoney(String(effective)), parseMoney(String(billed))],
    ]),
  );
  const expected = [...truth.byInvoiceMonth()].map(([key, { rows: n, cost, credits }]) => [
    key,
    [n, cost + credits, cost + credits - (agency.get(key) ?? 0n)],
  ]);
  assert.deepEqual(written, new Map(expected as [string, unknown[]][]));
});

test('every rule of the specification holds, and the table has its columns', async () => {
  assert.deepEqual(await problems(`\`${dataset}.export_focus\``), []);
  assert.deepEqual(await schemaProblems('export_focus', '1.2'), []);
});

test('each kind of mistake that converters have made is found and named', async () => {
  const mistakes: readonly (readonly [replaced: string, found: RegExp])[] = [
    ['LOWER(ChargeCategory) AS ChargeCategory', /^900 rows break: ChargeCategory is one of Usage/],
    [
      'TIMESTAMP_SUB(BillingPeriodEnd, INTERVAL 1 DAY) AS BillingPeriodEnd',
      /billing period ends where the next/,
    ],
    ['1.0 AS PricingQuantity', /ListCost is ListUnitPrice/],
    ['CAST(NULL AS BIGNUMERIC) AS BilledCost', /^900 rows break: BilledCost is never NULL/],
    ['ChargePeriodStart AS ChargePeriodEnd', /ChargePeriodStart lies before/],
  ];
  for (const [replaced, found] of mistakes) {
    const lines = await problems(`(SELECT * REPLACE (${replaced}) FROM \`${dataset}.export_focus\`)`);
    assert.ok(
      lines.some((line) => found.test(line)),
      `${replaced}: ${lines.join('; ')}`,
    );
  }
});

test('a commitment costs its fee exactly once, used and unused, in both data models', async () => {
  const written = new Map(
    (
      await query(`
        SELECT CommitmentDiscountId AS id, CAST(SUM(EffectiveCost) AS STRING) AS effective,
          STRING_AGG(CONCAT(ChargeCategory, ':', IFNULL(CommitmentDiscountStatus, '')), ' ' ORDER BY ChargeCategory, CommitmentDiscountStatus) AS kinds
        FROM \`${dataset}.export_focus\` WHERE CommitmentDiscountId IS NOT NULL GROUP BY 1`)
    ).map((row) => [row['id'], row]),
  );
  const fees = rows.filter((row) => (field(row, 'sku.description') as string).startsWith('Commitment v1:'));
  assert.ok(fees.length >= 6);
  const kinds = new Set<string>();
  for (const fee of fees) {
    const found = written.get(field(fee, 'subscription.instance_id') as string);
    assert.equal(found?.['effective'], formatMoney(exactMoney(fee['cost'] as number)));
    kinds.add(String(found['kinds']));
  }
  // A fee that covered usage used up or never offsets is a purchase; what stays of an offset fee was not used.
  for (const kind of ['Purchase: Usage:Used', 'Usage:Unused Usage:Used']) assert.ok(kinds.has(kind), kind);
});

test('refunds stay negative, corrections of earlier months are marked, promotions alone are credits', async () => {
  const [counts] = await query(`
    SELECT COUNTIF(EffectiveCost < 0) AS negative, COUNTIF(ChargeCategory = 'Credit') AS credits,
      COUNTIF(ChargeCategory = 'Tax') AS taxes, COUNTIF(ChargeClass = 'Correction') AS corrections
    FROM \`${dataset}.export_focus\``);
  const of = (wanted: (row: CellRecord) => boolean) => rows.filter(wanted).length;
  assert.equal(
    counts?.['negative'],
    of((row) => net(row) < 0n),
  );
  assert.equal(
    counts['taxes'],
    of((row) => row['cost_type'] === 'tax'),
  );
  assert.equal(
    counts['credits'],
    of(
      (row) => row['usage'] === null && list(row, 'credits').some((credit) => credit['type'] === 'PROMOTION'),
    ),
  );
  assert.ok((counts['credits'] ?? 0) !== 0 && (counts['corrections'] ?? 0) !== 0);
});

test('tags of all kinds become one JSON object under prefixed keys', async () => {
  const [tags] = await query(`
    SELECT Tags AS json FROM \`${dataset}.export_focus\`
    WHERE Tags LIKE '%"label/%' AND Tags LIKE '%"project/%' AND Tags LIKE '%"tag/%' AND Tags LIKE '%"system/%' LIMIT 1`);
  const keys = Object.keys(JSON.parse(String(tags?.['json'])) as Record<string, string>);
  assert.deepEqual(
    new Set(keys.map((key) => key.split('/')[0])),
    new Set(['label', 'project', 'system', 'tag']),
  );
  assert.deepEqual(keys, keys.toSorted());
});

test('an old table without later columns gives the same columns, and periods follow daylight saving', async () => {
  const missingColumns = [
    'price',
    'cost_at_list',
    'cost_at_effective_price_default',
    'consumption_model',
    'tags',
  ];
  const firstExportTime = BigInt(Date.UTC(2026, 2, 10)) * 1000n;
  const older = { rows: 60, firstExportTime, lastExportTime: firstExportTime + DAY };
  await transformed('older', '1.0', {
    ...older,
    missingColumns: [...missingColumns, 'seller_name', 'subscription'],
  });
  assert.deepEqual(await schemaProblems('older_focus', '1.0'), []);
  const [periods] = await query(`
    SELECT CAST(UNIX_SECONDS(MAX(BillingPeriodStart)) AS STRING) AS s, CAST(UNIX_SECONDS(MAX(BillingPeriodEnd)) AS STRING) AS e
    FROM \`${dataset}.older_focus\``);
  assert.equal(Number(periods?.['s']) * 1000, Date.UTC(2026, 2, 1, 8));
  assert.equal(Number(periods?.['e']) * 1000, Date.UTC(2026, 3, 1, 7));
});
