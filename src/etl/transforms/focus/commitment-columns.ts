/** FOCUS columns of commitments and reservations. */
import type { FocusColumn } from './focus-column.ts';
import { LABEL_FACTS } from './gathered-facts.ts';
import { HAS_MODEL, ifCommitment, isCovered, isSpendBased, isUnusedCommitment } from './row-facts.ts';

export const commitmentColumns: readonly FocusColumn[] = [
  {
    name: 'CapacityReservationId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.1',
    note: 'Known for unused reservations only, whose resource is the reservation.',
    expression: (from) =>
      `IF(${from.systemLabel('unused_reservation')} = 'true', ${from.value('resource.global_name', 'STRING')}, NULL)`,
  },
  {
    name: 'CapacityReservationStatus',
    type: 'STRING',
    level: 'Conditional',
    since: '1.1',
    values: ['Used', 'Unused'],
    note: `By the system label \`${LABEL_FACTS.unused_reservation}\`.`,
    expression: (from) =>
      `CASE ${from.systemLabel('unused_reservation')} WHEN 'true' THEN 'Unused' WHEN 'false' THEN 'Used' END`,
  },
  {
    name: 'CommitmentDiscountCategory',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    values: ['Spend', 'Usage'],
    note: 'Spend for dollar-based credits, fee offsets and consumption models.',
    expression: (from) => ifCommitment(from, `IF(${isSpendBased(from)}, 'Spend', 'Usage')`),
  },
  {
    name: 'CommitmentDiscountId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'Detailed export only.',
    expression: (from) => ifCommitment(from, from.value('subscription.instance_id', 'STRING')),
  },
  {
    name: 'CommitmentDiscountName',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'The consumption model, the credit or the fee’s SKU.',
    expression: (from) =>
      ifCommitment(
        from,
        `COALESCE(IF(${HAS_MODEL}, ${from.value('consumption_model.description', 'STRING')}, NULL), ${from.commitmentCredit}, ${from.value('sku.description', 'STRING')})`,
      ),
  },
  {
    name: 'CommitmentDiscountQuantity',
    type: 'FLOAT64',
    level: 'Conditional',
    since: '1.1',
    note: 'What was priced of it; the fee’s row has none.',
    expression: (from) => ifCommitment(from, from.value('usage.amount_in_pricing_units', 'FLOAT64')),
  },
  {
    name: 'CommitmentDiscountStatus',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    values: ['Used', 'Unused'],
    note: 'Used on covered usage, Unused on what stays of a fee after its offset.',
    expression: (from) =>
      `CASE WHEN ${isUnusedCommitment(from)} THEN 'Unused' WHEN ${isCovered(from)} THEN 'Used' END`,
  },
  {
    name: 'CommitmentDiscountType',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'Google’s name for the category.',
    expression: (from) =>
      ifCommitment(from, `IF(${isSpendBased(from)}, 'Spend-based CUD', 'Resource-based CUD')`),
  },
  {
    name: 'CommitmentDiscountUnit',
    type: 'STRING',
    level: 'Conditional',
    since: '1.1',
    note: 'Unit of CommitmentDiscountQuantity.',
    expression: (from) => ifCommitment(from, from.value('usage.pricing_unit', 'STRING')),
  },
];
