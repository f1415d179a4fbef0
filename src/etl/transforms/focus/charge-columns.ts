/** FOCUS columns that say what kind of charge a row is and for which time. */
import type { FocusColumn } from './focus-column.ts';
import { BILLING_ZONE, chargeCategory, ifConsumed, IS_FEE } from './row-facts.ts';

export const chargeColumns: readonly FocusColumn[] = [
  {
    name: 'ChargeCategory',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    values: ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'],
    note: 'By `cost_type`; a commitment’s fee is a Purchase, its unused part Usage (see [Commitments](#commitments)); a promotion without cost and usage is a Credit.',
    expression: chargeCategory,
  },
  {
    name: 'ChargeClass',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    values: ['Correction'],
    note: 'Correction where `adjustment_info` is filled and the usage is of an earlier month than the invoice.',
    expression: (from) =>
      `IF(COALESCE(${from.value('adjustment_info.type', 'STRING')}, ${from.value('adjustment_info.mode', 'STRING')}) IS NOT NULL
    AND FORMAT_DATE('%Y%m', DATE(${from.value('usage_start_time', 'TIMESTAMP')}, '${BILLING_ZONE}')) < ${from.value('invoice.month', 'STRING')}, 'Correction', NULL)`,
  },
  {
    name: 'ChargeDescription',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    note: '',
    expression: (from) => from.value('sku.description', 'STRING'),
  },
  {
    name: 'ChargeFrequency',
    type: 'STRING',
    level: 'Recommended',
    since: '1.0',
    required: true,
    values: ['One-Time', 'Recurring', 'Usage-Based'],
    note: 'Recurring for fees of commitments and for subscriptions without usage, One-Time for adjustments by hand.',
    expression: (from) => `CASE
    WHEN ${from.value('adjustment_info.mode', 'STRING')} = 'MANUAL_ADJUSTMENT' THEN 'One-Time'
    WHEN ${IS_FEE} THEN 'Recurring'
    WHEN ${from.value('subscription.instance_id', 'STRING')} IS NOT NULL AND ${from.value('usage.amount', 'FLOAT64')} IS NULL THEN 'Recurring'
    ELSE 'Usage-Based' END`,
  },
  {
    name: 'ChargePeriodStart',
    type: 'TIMESTAMP',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '',
    expression: (from) => from.value('usage_start_time', 'TIMESTAMP'),
  },
  {
    name: 'ChargePeriodEnd',
    type: 'TIMESTAMP',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'Exclusive.',
    expression: (from) => from.value('usage_end_time', 'TIMESTAMP'),
  },
  {
    name: 'ConsumedQuantity',
    type: 'FLOAT64',
    level: 'Conditional',
    since: '1.0',
    note: 'Usage only; NULL for the unused part of a commitment.',
    expression: (from) => ifConsumed(from, from.value('usage.amount', 'FLOAT64')),
  },
  {
    name: 'ConsumedUnit',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'As ConsumedQuantity.',
    expression: (from) => ifConsumed(from, from.value('usage.unit', 'STRING')),
  },
];
