/** The columns of a billing export as its live table has them: a column that is not there yet reads as NULL of its type. */
import { fieldAt, type FieldType, type TableSchema } from '../../../job/table-schema.ts';
import { exactMoney, type CreditFact, type LabelFact } from './gathered-facts.ts';

/** SQL for the columns of one export table and for what was gathered of its row, read under the alias `t`. */
export type ExportColumns = {
  /** Whether the table has the column at this dotted path. */
  has(path: string): boolean;
  /** The column as it is, or a NULL of this type. */
  value(path: string, type: FieldType): string;
  /** An amount of money, exact. */
  money(path: string): string;
  /** Σ credits.amount of the row, exact; 0 without credits. */
  readonly credits: string;
  /** Whether the row has such a credit; never NULL. */
  hasCredit(fact: CreditFact): string;
  /** The full name of the credit by which a commitment covers the row, NULL without it. */
  readonly commitmentCredit: string;
  /** The value of a system label, NULL without it. */
  systemLabel(fact: LabelFact): string;
};

/** Reads the live schema; columns that no version of the export has are a mistake of the caller and also read as NULL. */
export function exportColumns(schema: TableSchema): ExportColumns {
  const has = (path: string): boolean => fieldAt(schema, path) !== undefined;
  const hasCredits = has('credits.type');
  return {
    has,
    value: (path, type) => (has(path) ? `t.${path}` : `CAST(NULL AS ${type})`),
    money: (path) => (has(path) ? exactMoney(schema, path, `t.${path}`) : 'CAST(NULL AS BIGNUMERIC)'),
    credits: hasCredits ? 'IFNULL(t.focus_credits.total, 0)' : '0',
    hasCredit: (fact) => (hasCredits ? `IFNULL(t.focus_credits.${fact}, FALSE)` : 'FALSE'),
    commitmentCredit: hasCredits ? 't.focus_credits.commitment' : 'CAST(NULL AS STRING)',
    systemLabel: (fact) => (has('system_labels.key') ? `t.focus_labels.${fact}` : 'CAST(NULL AS STRING)'),
  };
}

/** A STRING literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
