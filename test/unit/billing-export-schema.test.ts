// The synthetic table's schema against the documented one: names, order, types, modes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBatchReader } from 'apache-arrow';
import type { Schema } from 'apache-arrow';
import { serializedBillingExportSchema, serializedSchema } from '../../dev/billing-export/billing-export.ts';
import { billingExportRows } from '../../dev/billing-export/billing-export-rows.ts';
import { detailedExportFields, withoutColumns } from '../../dev/billing-export/schema.ts';
import type { TableField } from '../../dev/billing-export/schema.ts';

/** Written out by hand from the reference; `*` marks REPEATED. */
const DOCUMENTED = `
  billing_account_id:STRING service.id:STRING service.description:STRING sku.id:STRING sku.description:STRING
  usage_start_time:TIMESTAMP usage_end_time:TIMESTAMP project.id:STRING project.number:STRING project.name:STRING
  project.labels*.key:STRING project.labels*.value:STRING project.ancestry_numbers:STRING
  project.ancestors*.resource_name:STRING project.ancestors*.display_name:STRING labels*.key:STRING labels*.value:STRING
  system_labels*.key:STRING system_labels*.value:STRING location.location:STRING location.country:STRING
  location.region:STRING location.zone:STRING resource.name:STRING resource.global_name:STRING export_time:TIMESTAMP
  cost:FLOAT64 currency:STRING currency_conversion_rate:FLOAT64 usage.amount:FLOAT64 usage.unit:STRING
  usage.amount_in_pricing_units:FLOAT64 usage.pricing_unit:STRING credits*.name:STRING credits*.amount:FLOAT64
  credits*.full_name:STRING credits*.id:STRING credits*.type:STRING invoice.month:STRING invoice.publisher_type:STRING
  cost_type:STRING adjustment_info.id:STRING adjustment_info.description:STRING adjustment_info.mode:STRING
  adjustment_info.type:STRING tags*.key:STRING tags*.value:STRING tags*.inherited:BOOL tags*.namespace:STRING
  price.effective_price:NUMERIC price.tier_start_amount:NUMERIC price.unit:STRING price.pricing_unit_quantity:NUMERIC
  price.list_price:NUMERIC price.effective_price_default:NUMERIC price.list_price_consumption_model:NUMERIC
  cost_at_list:FLOAT64 transaction_type:STRING seller_name:STRING subscription.instance_id:STRING
  cost_at_effective_price_default:NUMERIC cost_at_list_consumption_model:NUMERIC consumption_model.id:STRING
  consumption_model.description:STRING
`;

function leaves(fields: readonly TableField[], prefix = ''): string[] {
  return fields.flatMap((field) => {
    const path = `${prefix}${field.name}${field.mode === 'REPEATED' ? '*' : ''}`;
    return field.fields === undefined ? [`${path}:${field.type}`] : leaves(field.fields, `${path}.`);
  });
}

function arrowTypes(serialized: Buffer): Map<string, string> {
  const { schema } = RecordBatchReader.from(serialized).open() as { schema: Schema };
  return new Map(schema.fields.map((field) => [field.name, String(field.type)]));
}

test('the table has the documented columns in the order of a real one', () => {
  assert.deepEqual(leaves(detailedExportFields), DOCUMENTED.trim().split(/\s+/));
});

test('Arrow carries the columns as the Storage Read API delivers them', () => {
  const types = arrowTypes(serializedSchema);
  assert.deepEqual(
    [...types.keys()],
    detailedExportFields.map((field) => field.name),
  );
  assert.equal(types.get('export_time'), 'Timestamp<MICROSECOND, UTC>');
  assert.equal(types.get('cost'), 'Float64');
  assert.equal(types.get('cost_at_list_consumption_model'), 'Decimal[38e+9]');
  assert.equal(types.get('tags'), 'List<Struct<{key:Utf8, value:Utf8, inherited:Bool, namespace:Utf8}>>');
});

test('an older table lacks newer columns, nested ones too, and nothing else', () => {
  const missingColumns = ['invoice.publisher_type', 'consumption_model'];
  const types = arrowTypes(serializedBillingExportSchema(missingColumns));
  assert.equal(types.get('invoice'), 'Struct<{month:Utf8}>');
  assert.ok(!types.has('consumption_model'));
  assert.deepEqual(
    leaves(detailedExportFields).filter((leaf) => !/publisher_type|consumption_model\./.test(leaf)),
    leaves(withoutColumns(detailedExportFields, missingColumns)),
  );

  const options = { seed: 1, organization: 'acme', rows: 200, firstExportTime: 1_767_225_600_000_000n };
  const older = billingExportRows({ ...options, missingColumns });
  const newer = billingExportRows(options).map(({ consumption_model: _, invoice, ...row }) => {
    const { publisher_type: _newer, ...rest } = invoice as Record<string, string>;
    return { ...row, invoice: rest };
  });
  for (const [i, row] of newer.entries()) assert.deepEqual(older[i], row);
  assert.equal(older.length, newer.length);
});
