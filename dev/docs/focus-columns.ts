/** Renders the page about FOCUS columns from the table in the code. */
import { detailedExportFields } from '../billing-export/schema.ts';
import { fromRestFields } from '../../src/bigquery/schema.ts';
import { exportColumns } from '../../src/etl/transforms/focus/export-columns.ts';
import type { FocusColumn } from '../../src/etl/transforms/focus/focus-column.ts';
import { focusChecks } from '../../src/etl/transforms/focus/focus-checks.ts';
import { focusColumns } from '../../src/etl/transforms/focus/focus-columns.ts';

/** An expression longer than this is told by its note alone. */
const LONGEST_EXPRESSION = 110;

const INTRODUCTION = `# FOCUS columns

What the transforms \`focus-1.0\`, \`focus-1.1\` and \`focus-1.2\` write for each row of a detailed or standard Google Cloud billing export. This page is
generated from the code: \`npx tsx dev/docs/write-focus-columns.ts\`.

- One export row gives one FOCUS row. Nothing is summed, dropped or deduplicated.
- Money is BIGNUMERIC and exact: a FLOAT64 amount counts as its binary value rounded to 15 decimals, so that 1e-10 survives. Negative amounts
  are valid in every cost column.
- The SQL follows the live schema: a column that the export does not have yet, such as \`price\` or \`cost_at_list\`, is NULL of its type.
- Names that begin with \`focus_\` stand for what is gathered once per row: \`focus_net\` is cost + Σ credits.
- Unknown values of the export are kept as ordinary usage, never refused.
- Feature levels, columns that are never NULL and allowed values are those of FOCUS_Spec, \`specification/columns\`, at its tags v1.0, v1.1 and v1.2.
  Which service belongs to which category, and what a SKU or label says of a charge, is our own reading of the export, not checked against live data.`;

const COMMITMENTS = `## Commitments

Google bills the fee of a commitment hour by hour, for that hour and not for later ones. So every row keeps EffectiveCost = cost + Σ credits, and the
sum of EffectiveCost is the sum of the export, in each of the two data models:

| Data model | Row | ChargeCategory | Status | EffectiveCost |
|---|---|---|---|---|
| credits | fee | Purchase | | the fee |
| credits | covered usage, taken back by its credit | Usage | Used | 0 for what is covered |
| consumption models | fee, offset in full by FEE_UTILIZATION_OFFSET | Purchase | | 0 |
| consumption models | fee, offset in part | Usage | Unused | what stays of the fee |
| consumption models | covered usage at its model’s price | Usage | Used | its price |

Setting the fee to 0 would lose the commitment’s cost in the first model and count the offset twice in the second. In both, the rows of one commitment
add up to its fee exactly once. A consequence: in the credits model the cost of a commitment stands on its Purchase row, not on the usage it covers.`;

/** The whole page, with a line feed at its end. */
export function focusColumnsPage(): string {
  const from = exportColumns(fromRestFields(detailedExportFields));
  const rows = focusColumns('1.2').map((column) => row(column, column.expression(from)));
  return `${[
    INTRODUCTION,
    '## Columns',
    ['| Column | Type | Level | Since | From | Note |', '|---|---|---|---|---|---|', ...rows].join('\n'),
    COMMITMENTS,
    '## Checks',
    'Each of these is counted by one query over a FOCUS table; `pulse-billing-etl verify ORG --focus` runs it over the copy of an organization:',
    focusChecks('1.2')
      .map(({ rule }) => `- ${rule}`)
      .join('\n'),
  ].join('\n\n')}\n`;
}

function row({ name, type, level, since, note, values }: FocusColumn, expression: string): string {
  const short = expression.replace(/\s+/g, ' ').replaceAll('t.', '');
  const source = short.length <= LONGEST_EXPRESSION ? `\`${short.replaceAll('|', '\\|')}\`` : '';
  const allowed = values ? `${note === '' ? '' : ' '}One of ${values.join(', ')}.` : '';
  return `| ${name} | ${type} | ${level} | ${since} | ${source} | ${note}${allowed} |`;
}
