/** Whether rows keep what FOCUS asks of them: values, periods and cost identities, counted by one query over a FOCUS table. */
import { fieldAt, type TableSchema } from '../../../job/table-schema.ts';
import { quoted } from './export-columns.ts';
import type { FocusVersion } from './focus-column.ts';
import { focusColumns } from './focus-columns.ts';
import { BILLING_ZONE } from './row-facts.ts';
import { subcategories } from './services.ts';

/** A rule, and the condition of a row that breaks it. */
export type FocusCheck = { readonly rule: string; readonly broken: string };

/** A product of prices that were rounded somewhere on their way; sources are floats, and costs at contract prices have nine decimals. */
const TOLERANCE = (cost: string): string => `(1e-8 + 1e-6 * ABS(CAST(${cost} AS FLOAT64)))`;

const RULES: readonly (FocusCheck & { readonly needs: readonly string[] })[] = [
  {
    rule: 'ChargePeriodStart lies before ChargePeriodEnd',
    needs: [],
    broken: 'ChargePeriodStart >= ChargePeriodEnd',
  },
  {
    rule: 'a billing period ends where the next one starts, in the zone of invoices',
    needs: [],
    broken: `BillingPeriodEnd != TIMESTAMP(DATETIME(DATE_ADD(DATE(BillingPeriodStart, '${BILLING_ZONE}'), INTERVAL 1 MONTH)), '${BILLING_ZONE}')`,
  },
  {
    rule: 'ListCost is ListUnitPrice × PricingQuantity',
    needs: [],
    broken: product('ListCost', 'ListUnitPrice'),
  },
  {
    rule: 'ContractedCost is ContractedUnitPrice × PricingQuantity',
    needs: [],
    broken: product('ContractedCost', 'ContractedUnitPrice'),
  },
  {
    rule: 'taxes, credits and adjustments have no PricingCategory',
    needs: [],
    broken: "ChargeCategory IN ('Tax', 'Credit', 'Adjustment') AND PricingCategory IS NOT NULL",
  },
  {
    rule: 'the unused part of a commitment consumes nothing',
    needs: [],
    broken: "CommitmentDiscountStatus = 'Unused' AND ConsumedQuantity IS NOT NULL",
  },
  {
    rule: 'a quantity has its unit',
    needs: [],
    broken:
      '(PricingQuantity IS NULL) != (PricingUnit IS NULL) OR (ConsumedQuantity IS NULL) != (ConsumedUnit IS NULL)',
  },
  {
    rule: 'ServiceSubcategory belongs to ServiceCategory',
    needs: ['ServiceSubcategory'],
    broken: `CONCAT(ServiceCategory, '/', ServiceSubcategory) NOT IN (${[...new Set(subcategories.map(([category, sub]) => quoted(`${category}/${sub}`)))].join(', ')})`,
  },
  {
    rule: 'what is billed in dollars costs the same in the pricing currency',
    needs: ['PricingCurrencyEffectiveCost'],
    broken: `BillingCurrency = 'USD' AND ABS(CAST(EffectiveCost - PricingCurrencyEffectiveCost AS FLOAT64)) > ${TOLERANCE('EffectiveCost')}`,
  },
];

/** Every check of a version, in a fixed order. */
export function focusChecks(version: FocusVersion): readonly FocusCheck[] {
  const columns = focusColumns(version);
  const names = new Set(columns.map(({ name }) => name));
  const never = columns.filter(({ required }) => required);
  const listed = columns.flatMap(({ name, values }) => (values ? [{ name, values }] : []));
  return [
    ...never.map(({ name }) => ({ rule: `${name} is never NULL`, broken: `${name} IS NULL` })),
    ...listed.map(({ name, values }) => ({
      rule: `${name} is one of ${values.join(', ')}`,
      broken: `${name} NOT IN (${values.map(quoted).join(', ')})`,
    })),
    ...RULES.filter(({ needs }) => needs.every((name) => names.has(name))),
  ];
}

/** One aggregate query over a FROM item of FOCUS rows; focusProblems reads its answer. */
export function focusChecksSql(version: FocusVersion, from: string): string {
  const counts = focusChecks(version).map(({ broken }, i) => `COUNTIF(${broken}) AS broken_${i}`);
  return `SELECT ${['COUNT(*) AS row_count', ...counts].join(',\n  ')}\nFROM ${from}`;
}

/** How many rows the answer to focusChecksSql is about. */
export function focusRows(answer: Readonly<Record<string, string | number | null>> | undefined): number {
  return Number(answer?.['row_count'] ?? 0);
}

/** One line for each rule that rows break, empty when they keep all of them. */
export function focusProblems(
  version: FocusVersion,
  answer: Readonly<Record<string, string | number | null>> | undefined,
): readonly string[] {
  return focusChecks(version).flatMap(({ rule }, i) => {
    const broken = Number(answer?.[`broken_${i}`] ?? 0);
    return broken === 0 ? [] : [`${broken} rows break: ${rule}`];
  });
}

/** One line for each column of the version that a table lacks or has in another type. */
export function focusSchemaProblems(version: FocusVersion, schema: TableSchema): readonly string[] {
  return focusColumns(version).flatMap(({ name, type, level }) => {
    const found = fieldAt(schema, name);
    if (!found) return [`${level} column ${name} is missing`];
    return found.type === type ? [] : [`column ${name} has type ${found.type}, not ${type}`];
  });
}

function product(cost: string, unitPrice: string): string {
  return `ABS(CAST(${cost} AS FLOAT64) - CAST(${unitPrice} AS FLOAT64) * PricingQuantity) > ${TOLERANCE(cost)}`;
}
