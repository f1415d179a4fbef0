/** FOCUS columns that say who is billed, when and by whom. */
import type { FocusColumn } from './focus-column.ts';
import { billingInstant } from './row-facts.ts';

const month = (path: string): string => `PARSE_DATE('%Y%m', ${path})`;

export const accountColumns: readonly FocusColumn[] = [
  {
    name: 'BillingAccountId',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '',
    expression: (from) => from.value('billing_account_id', 'STRING'),
  },
  {
    name: 'BillingAccountName',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    note: 'Not in the export: always NULL.',
    expression: () => 'CAST(NULL AS STRING)',
  },
  {
    name: 'BillingAccountType',
    type: 'STRING',
    level: 'Conditional',
    since: '1.2',
    required: true,
    note: 'A constant.',
    expression: () => "'Billing Account'",
  },
  {
    name: 'BillingCurrency',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '',
    expression: (from) => from.value('currency', 'STRING'),
  },
  {
    name: 'BillingPeriodStart',
    type: 'TIMESTAMP',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'First instant of `invoice.month` in America/Los_Angeles, which is the zone of invoices.',
    expression: (from) => billingInstant(month(from.value('invoice.month', 'STRING'))),
  },
  {
    name: 'BillingPeriodEnd',
    type: 'TIMESTAMP',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'First instant of the month after, same zone: exclusive, daylight-saving changes included.',
    expression: (from) =>
      billingInstant(`DATE_ADD(${month(from.value('invoice.month', 'STRING'))}, INTERVAL 1 MONTH)`),
  },
  {
    name: 'InvoiceId',
    type: 'STRING',
    level: 'Recommended',
    since: '1.2',
    note: 'Not in the export: always NULL.',
    expression: () => 'CAST(NULL AS STRING)',
  },
  {
    name: 'InvoiceIssuerName',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'The seller where `invoice.publisher_type` is PARTNER.',
    expression: (from) =>
      `IF(${from.value('invoice.publisher_type', 'STRING')} = 'PARTNER', IFNULL(${from.value('seller_name', 'STRING')}, 'Google Cloud'), 'Google Cloud')`,
  },
  {
    name: 'ProviderName',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: 'A constant.',
    expression: () => "'Google Cloud'",
  },
  {
    name: 'PublisherName',
    type: 'STRING',
    level: 'Mandatory',
    since: '1.0',
    required: true,
    note: '',
    expression: (from) =>
      `IF(IFNULL(${from.value('transaction_type', 'STRING')}, 'GOOGLE') = 'GOOGLE', 'Google Cloud', IFNULL(${from.value('seller_name', 'STRING')}, 'unknown'))`,
  },
  {
    name: 'SubAccountId',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: 'NULL for what hangs on the billing account alone: support, taxes.',
    expression: (from) => from.value('project.id', 'STRING'),
  },
  {
    name: 'SubAccountName',
    type: 'STRING',
    level: 'Conditional',
    since: '1.0',
    note: '',
    expression: (from) => from.value('project.name', 'STRING'),
  },
  {
    name: 'SubAccountType',
    type: 'STRING',
    level: 'Conditional',
    since: '1.2',
    note: 'A constant where there is a project.',
    expression: (from) => `IF(${from.value('project.id', 'STRING')} IS NULL, NULL, 'Project')`,
  },
];
