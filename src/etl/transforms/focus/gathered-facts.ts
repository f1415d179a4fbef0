/** What is gathered once per export row from its REPEATED columns, so that no column has to look through them again. */
import { fieldAt, type TableSchema } from '../../../job/table-schema.ts';

/** Credits whose presence matters, by the name of the fact. */
const CREDIT_FACTS = {
  committed_use: 'COMMITTED_USAGE_DISCOUNT',
  committed_spend: 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE',
  fee_offset: 'FEE_UTILIZATION_OFFSET',
  promotion: 'PROMOTION',
} as const;
export type CreditFact = keyof typeof CREDIT_FACTS;

/** System labels that columns are made of, by the name of the fact. */
export const LABEL_FACTS = {
  unused_reservation: 'compute.googleapis.com/is_unused_reservation',
  cores: 'compute.googleapis.com/cores',
  machine_spec: 'compute.googleapis.com/machine_spec',
  memory: 'compute.googleapis.com/memory',
} as const;
export type LabelFact = keyof typeof LABEL_FACTS;

/** The rows of `{source}` with the columns focus_credits and focus_labels beside their own, as a FROM item without alias. */
export function sourceWithFacts(schema: TableSchema): string {
  const facts = [
    ...(fieldAt(schema, 'credits.type') ? [`${creditFacts(schema)} AS focus_credits`] : []),
    ...(fieldAt(schema, 'system_labels.key') ? [`${labelFacts()} AS focus_labels`] : []),
  ];
  return facts.length === 0 ? '{source}' : `(SELECT t.*,\n  ${facts.join(',\n  ')}\nFROM {source} AS t)`;
}

/** An amount exactly: a FLOAT64 counts as its binary value rounded to 15 decimals, as everywhere in this program. */
export function exactMoney(schema: TableSchema, path: string, expression: string): string {
  const asDecimal = `CAST(${expression} AS BIGNUMERIC)`;
  return fieldAt(schema, path)?.type === 'FLOAT64' ? `ROUND(${asDecimal}, 15)` : asDecimal;
}

function creditFacts(schema: TableSchema): string {
  const present = Object.entries(CREDIT_FACTS).map(
    ([fact, type]) => `LOGICAL_OR(c.type = '${type}') AS ${fact}`,
  );
  const covering = `c.type IN ('${CREDIT_FACTS.committed_use}', '${CREDIT_FACTS.committed_spend}')`;
  const name = fieldAt(schema, 'credits.full_name') ? 'c.full_name' : 'CAST(NULL AS STRING)';
  return `(SELECT AS STRUCT
    SUM(${exactMoney(schema, 'credits.amount', 'c.amount')}) AS total,
    ${present.join(',\n    ')},
    MIN(IF(${covering}, ${name}, NULL)) AS commitment
    FROM UNNEST(t.credits) AS c)`;
}

function labelFacts(): string {
  const values = Object.entries(LABEL_FACTS).map(
    ([fact, key]) => `MAX(IF(l.key = '${key}', l.value, NULL)) AS ${fact}`,
  );
  return `(SELECT AS STRUCT
    ${values.join(',\n    ')}
    FROM UNNEST(t.system_labels) AS l)`;
}
