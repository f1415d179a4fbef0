/** What several FOCUS columns need to know of an export row, as SQL over the row `t`. */
import { quoted, type ExportColumns } from './export-columns.ts';
import { serviceCase } from './services.ts';

/** Invoices, and so billing periods, follow this zone. Source: Google Cloud billing export, `invoice.month`. */
export const BILLING_ZONE = 'America/Los_Angeles';

/** The given rows with the columns focus_net, focus_is_fee, focus_has_model and focus_service beside their own. */
export function rowsWithFacts(rows: string, columns: ExportColumns): string {
  const description = columns.value('sku.description', 'STRING');
  const model = columns.value('consumption_model.description', 'STRING');
  const service = [
    columns.value('service.id', 'STRING'),
    columns.value('service.description', 'STRING'),
  ] as const;
  const facts = [
    `${columns.money('cost')} + ${columns.credits} AS focus_net`,
    `IFNULL(STARTS_WITH(${description}, 'Commitment'), FALSE) OR ${columns.hasCredit('fee_offset')} AS focus_is_fee`,
    `IFNULL(${model}, 'Default') != 'Default' AS focus_has_model`,
    `${serviceCase(...service)} AS focus_service`,
  ];
  return `(SELECT t.*,\n  ${facts.join(',\n  ')}\nFROM ${rows} AS t)`;
}

/** cost + Σ credits, exact. */
export const NET_COST = 't.focus_net';

/** Whether the row is the fee of a commitment, in either data model. */
export const IS_FEE = 't.focus_is_fee';

/** Whether the row was priced under a consumption model other than the default one. */
export const HAS_MODEL = 't.focus_has_model';

/** Whether the row is what stays of a fee after covered usage was offset: the unused part of the commitment. */
export function isUnusedCommitment(columns: ExportColumns): string {
  return `(${columns.hasCredit('fee_offset')} AND ${NET_COST} != 0)`;
}

/** Whether the row is usage that a commitment covers, wholly or in part. */
export function isCovered(columns: ExportColumns): string {
  return `(NOT ${IS_FEE} AND (${columns.hasCredit('committed_use')} OR ${columns.hasCredit('committed_spend')} OR ${HAS_MODEL}))`;
}

/** Whether the commitment promises spending rather than resources. */
export function isSpendBased(columns: ExportColumns): string {
  const description = columns.value('sku.description', 'STRING');
  return `(${columns.hasCredit('committed_spend')} OR ${columns.hasCredit('fee_offset')} OR ${HAS_MODEL} OR IFNULL(REGEXP_CONTAINS(LOWER(${description}), r'dollar[ -]based'), FALSE))`;
}

/** The value of the column ChargeCategory. */
export function chargeCategory(columns: ExportColumns): string {
  const costType = columns.value('cost_type', 'STRING');
  return `CASE
    WHEN ${costType} = 'tax' THEN 'Tax'
    WHEN ${costType} IN ('adjustment', 'rounding_error') THEN 'Adjustment'
    WHEN ${isUnusedCommitment(columns)} THEN 'Usage'
    WHEN ${IS_FEE} THEN 'Purchase'
    WHEN t.cost = 0 AND ${columns.value('usage.amount', 'FLOAT64')} IS NULL AND ${columns.hasCredit('promotion')} THEN 'Credit'
    ELSE 'Usage' END`;
}

/** An expression that holds only for usage which was really consumed, NULL on every other row. */
export function ifConsumed(columns: ExportColumns, expression: string): string {
  return `IF(${chargeCategory(columns)} = 'Usage' AND NOT ${isUnusedCommitment(columns)}, ${expression}, NULL)`;
}

/** An expression that holds only for rows of a commitment, NULL on every other row. */
export function ifCommitment(columns: ExportColumns, expression: string): string {
  return `IF(${IS_FEE} OR ${isCovered(columns)}, ${expression}, NULL)`;
}

/** The first instant of a DATE in the zone of invoices. */
export function billingInstant(date: string): string {
  return `TIMESTAMP(DATETIME(${date}), ${quoted(BILLING_ZONE)})`;
}
