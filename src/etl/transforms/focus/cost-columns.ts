/** FOCUS columns that hold money and prices, all exact decimals; negative amounts are valid in every one of them. */
import type { ExportColumns } from './export-columns.ts';
import type { FocusColumn } from './focus-column.ts';
import { chargeCategory, HAS_MODEL, isCovered, isUnusedCommitment, NET_COST } from './row-facts.ts';

const contractedUnitPrice = (from: ExportColumns): string =>
  `COALESCE(${from.money('price.effective_price_default')}, ${from.money('price.effective_price')})`;
const listUnitPrice = (from: ExportColumns): string => from.money('price.list_price');

/** Both sides of the division stem from floating point, so that is what divides; the quotient is rounded to 15 decimals. */
function inPricingCurrency(from: ExportColumns, amount: string): string {
  return `ROUND(CAST(CAST(${amount} AS FLOAT64) / NULLIF(${from.value('currency_conversion_rate', 'FLOAT64')}, 0) AS BIGNUMERIC), 15)`;
}

export const costColumns: readonly FocusColumn[] = [
  {
    name: 'BilledCost',
    type: 'BIGNUMERIC',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'cost + Σ credits; 0 for THIRD_PARTY_AGENCY, which others bill.',
    expression: (from) =>
      `IF(IFNULL(${from.value('transaction_type', 'STRING')}, '') = 'THIRD_PARTY_AGENCY', CAST(0 AS BIGNUMERIC), ${NET_COST})`,
  },
  {
    name: 'EffectiveCost',
    type: 'BIGNUMERIC',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'cost + Σ credits on every row, fees of commitments included (see [Commitments](#commitments)).',
    expression: () => NET_COST,
  },
  {
    name: 'ContractedCost',
    type: 'BIGNUMERIC',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'At the contract’s price without commitments; `cost` where the export does not say.',
    expression: (from) => `COALESCE(${from.money('cost_at_effective_price_default')}, ${from.money('cost')})`,
  },
  {
    name: 'ContractedUnitPrice',
    type: 'BIGNUMERIC',
    level: 'Conditional',
    since: '1.0',
    note: '`price.effective_price` in tables without the column of default prices.',
    expression: contractedUnitPrice,
  },
  {
    name: 'ListCost',
    type: 'BIGNUMERIC',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '`cost` where there is no list price: taxes, third parties, tables older than the column.',
    expression: (from) => `COALESCE(${from.money('cost_at_list')}, ${from.money('cost')})`,
  },
  {
    name: 'ListUnitPrice',
    type: 'BIGNUMERIC',
    level: 'Conditional',
    since: '1.0',
    note: '',
    expression: listUnitPrice,
  },
  {
    name: 'PricingCategory',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    values: ['Standard', 'Committed', 'Dynamic', 'Other'],
    note: 'Committed for what a commitment covers or left unused, never for its purchase; Dynamic for Spot and preemptible SKUs; NULL for taxes, credits and adjustments.',
    expression: (from) => `CASE
    WHEN ${chargeCategory(from)} = 'Purchase' THEN 'Standard'
    WHEN ${chargeCategory(from)} != 'Usage' THEN NULL
    WHEN ${isCovered(from)} OR ${isUnusedCommitment(from)} OR ${HAS_MODEL} THEN 'Committed'
    WHEN REGEXP_CONTAINS(LOWER(${from.value('sku.description', 'STRING')}), r'\\b(spot|preemptible)\\b') THEN 'Dynamic'
    ELSE 'Standard' END`,
  },
  {
    name: 'PricingQuantity',
    type: 'FLOAT64',
    level: 'Mandatory',
    since: '1.0',
    note: 'What was priced; `price.pricing_unit_quantity` is a block size and is not it.',
    expression: (from) => from.value('usage.amount_in_pricing_units', 'FLOAT64'),
  },
  {
    name: 'PricingUnit',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    note: '',
    expression: (from) => from.value('usage.pricing_unit', 'STRING'),
  },
  {
    name: 'PricingCurrency',
    type: 'STRING',
    level: 'Conditional',
    since: '1.2',
    note: 'A constant: prices are made in dollars.',
    expression: () => "'USD'",
  },
  {
    name: 'PricingCurrencyContractedUnitPrice',
    type: 'BIGNUMERIC',
    level: 'Conditional',
    since: '1.2',
    note: 'ContractedUnitPrice ÷ `currency_conversion_rate`, rounded to 15 decimals.',
    expression: (from) => inPricingCurrency(from, contractedUnitPrice(from)),
  },
  {
    name: 'PricingCurrencyEffectiveCost',
    type: 'BIGNUMERIC',
    level: 'Conditional',
    since: '1.2',
    note: 'EffectiveCost ÷ `currency_conversion_rate`, rounded to 15 decimals.',
    expression: (from) => inPricingCurrency(from, NET_COST),
  },
  {
    name: 'PricingCurrencyListUnitPrice',
    type: 'BIGNUMERIC',
    level: 'Conditional',
    since: '1.2',
    note: 'ListUnitPrice ÷ `currency_conversion_rate`, rounded to 15 decimals.',
    expression: (from) => inPricingCurrency(from, listUnitPrice(from)),
  },
];
