/** Which values of a record batch are added up, grouped by which currency. */
import { TerminalError } from '../job/errors.ts';
import { fieldAt, type TableSchema } from '../job/table-schema.ts';
import { nodeAt, type ColumnNode } from './column-node.ts';

/** One verified column: the fields from its column down to its values; int64 and decimals are integers of `scale` decimals. */
export type SummedColumn = {
  readonly path: string;
  readonly steps: readonly ColumnNode[];
  readonly values: ColumnNode;
  readonly number: { readonly kind: 'float64' } | { readonly kind: 'integer'; readonly scale: number };
};

/** The sums to take. */
export type Summation = {
  /** From the column down to the currency itself; empty when the table has none. */
  readonly currency: readonly ColumnNode[];
  readonly columns: readonly SummedColumn[];
};

/** The sums wanted, by dotted path; the schema is the table's own. */
export type VerifiedColumns = {
  readonly columns: readonly string[];
  readonly currencyColumn: string | undefined;
  readonly schema: TableSchema;
};

/** BIGNUMERIC's scale, the largest that a sum keeps without loss. */
const MAX_SCALE = 38;

/** Finds the columns; throws TerminalError('unsupported') naming one that is missing or cannot be added up. */
export function summation(nodes: readonly ColumnNode[], verified: VerifiedColumns): Summation {
  return {
    currency: verified.currencyColumn === undefined ? [] : currencySteps(nodes, verified),
    columns: verified.columns.map((path) => summedColumn(nodes, path, verified.schema)),
  };
}

function currencySteps(
  nodes: readonly ColumnNode[],
  { currencyColumn = '', schema }: VerifiedColumns,
): ColumnNode[] {
  const node = nodeAt(nodes, currencyColumn);
  const steps = lineOf(node);
  if (node?.meaning.kind !== 'utf8' || steps.some((step) => step.kind === 'list'))
    throw unsupported(currencyColumn, schema, 'is not one STRING per row, which a currency must be');
  return steps;
}

function summedColumn(nodes: readonly ColumnNode[], path: string, schema: TableSchema): SummedColumn {
  const values = nodeAt(nodes, path);
  const number = values && numberOf(values);
  if (!number) throw unsupported(path, schema, 'cannot be added up; mend it with org set --verify-columns');
  return { path, steps: lineOf(values).slice(0, -1), values, number };
}

function numberOf({ meaning }: ColumnNode): SummedColumn['number'] | undefined {
  if (meaning.kind === 'float64') return { kind: 'float64' };
  if (meaning.kind === 'int64') return { kind: 'integer', scale: 0 };
  if (meaning.kind !== 'decimal' || meaning.scale < 0 || meaning.scale > MAX_SCALE) return undefined;
  return { kind: 'integer', scale: meaning.scale };
}

/** A field with all it is nested in, outermost first. */
function lineOf(node: ColumnNode | undefined): ColumnNode[] {
  return node ? [...lineOf(node.parent), node] : [];
}

function unsupported(path: string, schema: TableSchema, what: string): TerminalError {
  const field = fieldAt(schema, path);
  const is = field ? `${field.mode} ${field.type} column` : 'no column of the table:';
  return new TerminalError('unsupported', `${path} (${is}) ${what}`);
}
