// Which columns each FOCUS version has, and how the SQL follows the live schema of the export.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailedExportFields, withoutColumns } from '../../dev/billing-export/schema.ts';
import { fromRestFields } from '../../src/bigquery/schema.ts';
import { focusColumns, focusSql } from '../../src/etl/transforms/focus/focus-columns.ts';
import { focusChecks, focusSchemaProblems } from '../../src/etl/transforms/focus/focus-checks.ts';

/** Written out by hand from the specification's column lists. */
const SINCE_1_0 = `
  AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd BillingPeriodStart
  ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
  CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountStatus
  CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost ContractedUnitPrice EffectiveCost
  InvoiceIssuerName ListCost ListUnitPrice PricingCategory PricingQuantity PricingUnit ProviderName PublisherName
  RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName SkuId SkuPriceId
  SubAccountId SubAccountName Tags`;
const SINCE_1_1 = `
  CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity CommitmentDiscountUnit
  ServiceSubcategory SkuMeter SkuPriceDetails`;
const SINCE_1_2 = `
  BillingAccountType InvoiceId PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost
  PricingCurrencyListUnitPrice SubAccountType`;

const words = (text: string): string[] => text.trim().split(/\s+/);
const schema = fromRestFields(detailedExportFields);

test('each version has the columns of its specification and the cursor last', () => {
  for (const [version, specified] of [
    ['1.0', words(SINCE_1_0)],
    ['1.1', words(SINCE_1_0 + SINCE_1_1)],
    ['1.2', words(SINCE_1_0 + SINCE_1_1 + SINCE_1_2)],
  ] as const) {
    const names = focusColumns(version).map(({ name }) => name);
    assert.deepEqual(names, [...specified.toSorted(), 'x_ExportTime'], version);
  }
});

test('mandatory columns of costs, periods and names are there in every version', () => {
  const mandatory = focusColumns('1.0').filter(({ level }) => level === 'Mandatory');
  assert.equal(mandatory.length, 21);
});

test('a column that the table lacks becomes NULL of its type, and nothing else of the SQL names it', () => {
  const missing = ['price', 'cost_at_list', 'consumption_model', 'subscription', 'tags', 'seller_name'];
  const older = focusSql('1.2', fromRestFields(withoutColumns(detailedExportFields, missing)));
  for (const column of missing) assert.doesNotMatch(older, new RegExp(`t\\.${column}\\b`), column);
  assert.match(older, /CAST\(NULL AS BIGNUMERIC\) AS ListUnitPrice/);
  assert.match(focusSql('1.2', schema), /t\.price\.list_price/);
});

test('a NUMERIC cost is taken as it is, a FLOAT64 cost is rounded to 15 decimals', () => {
  const numeric = schema.map((field) =>
    field.name === 'cost' ? { ...field, type: 'NUMERIC' as const } : field,
  );
  assert.match(focusSql('1.0', schema), /ROUND\(CAST\(t\.cost AS BIGNUMERIC\), 15\)/);
  assert.doesNotMatch(focusSql('1.0', numeric), /ROUND\(CAST\(t\.cost AS BIGNUMERIC\), 15\)/);
});

test('a table is told which columns it lacks or has in another type', () => {
  const table = focusColumns('1.1').map(({ name, type }) => ({ name, type, mode: 'NULLABLE' as const }));
  assert.deepEqual(focusSchemaProblems('1.1', table), []);
  const [first, ...others] = table;
  assert.deepEqual(focusSchemaProblems('1.1', others), [`Recommended column ${first?.name} is missing`]);
  const changed = table.map((field) =>
    field.name === 'ListCost' ? { ...field, type: 'FLOAT64' as const } : field,
  );
  assert.deepEqual(focusSchemaProblems('1.1', changed), ['column ListCost has type FLOAT64, not BIGNUMERIC']);
});

test('rules about columns of later versions are not asked of earlier ones', () => {
  const of = (version: '1.0' | '1.2') =>
    focusChecks(version)
      .map(({ rule }) => rule)
      .join('\n');
  assert.match(of('1.2'), /pricing currency/);
  assert.doesNotMatch(of('1.0'), /pricing currency|ServiceSubcategory/);
});
