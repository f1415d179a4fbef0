/** Applies a module to rows and checks what comes back; whatever is wrong is said of one row, without its content. */
import { instantOf } from '../../../columnar/civil-time.ts';
import { encodeRows } from '../../../columnar/encode-rows.ts';
import { Misfit } from '../../../columnar/misfit.ts';
import type { Row } from '../../../columnar/row-value.ts';
import type { Window } from '../../../job/job.ts';
import type { TableSchema } from '../../../job/table-schema.ts';
import type { Rejected, TransformContext, TransformedRow, TransformModule } from '../module-transform.ts';
import { rowShape } from './row-shape.ts';

/** What is needed to apply a module and to check its rows. */
export type Application = {
  readonly module: TransformModule;
  readonly file: string;
  readonly organizationId: string;
  readonly source: TableSchema;
  readonly columns: TableSchema;
  readonly window: Window;
};

/** What became of some rows, in their order. */
export type Outcome = { readonly rows: readonly Row[]; readonly rejected: string | undefined };

/** One row cannot be transformed. */
export class RowFault extends Error {
  readonly index: number;

  constructor(index: number, what: string) {
    super(what);
    this.name = 'RowFault';
    this.index = index;
  }
}

/** Rows given one by one came back, though together they did not. */
export class DependsOnNeighbours extends Error {}

/** Both throw a RowFault that names the first row at fault. */
export type Transformer = {
  readonly oneByOne: (rows: readonly Row[], onRow: (index: number) => void) => Outcome[];
  /** All at once; rows are asked for anew after a fault, since the module may have changed them. */
  readonly together: (read: () => readonly Row[]) => Outcome[];
};

const MAX_REASON_LENGTH = 1000;

class RejectedRow implements Rejected {
  readonly rejected: string;

  constructor(reason: string) {
    this.rejected = reason;
  }
}

/** What gives rows to the module; when it fails on several, they are given one by one to find the one at fault. */
export function transformerOf(application: Application): Transformer {
  const { module, organizationId, source } = application;
  const context: TransformContext = {
    organizationId,
    columns: source,
    reject: (reason) => new RejectedRow(reason),
  };
  const check = outcomeCheck(application);
  const together = (rows: readonly Row[]): Outcome[] =>
    resultsOf(module, rows, context).map((result, index) => check(result, index));
  const oneByOne = (rows: readonly Row[], onRow: (index: number) => void): Outcome[] =>
    rows.map((row, index) => {
      onRow(index);
      return atRow(index, application.file, () => check(resultsOf(module, [row], context)[0], index));
    });
  return {
    oneByOne,
    together: (read) => {
      try {
        return together(read());
      } catch (error) {
        oneByOne(read(), () => undefined);
        throw new DependsOnNeighbours('', { cause: error });
      }
    },
  };
}

function resultsOf(
  module: TransformModule,
  rows: readonly Row[],
  context: TransformContext,
): readonly TransformedRow[] {
  const results: unknown = module.transformRows(rows, context);
  if (results instanceof Promise) {
    // What it comes to is of no interest, and must not end the thread.
    results.catch(() => undefined);
    throw new RowFault(0, 'transformRows returned a promise; it must not be async');
  }
  if (!Array.isArray(results)) throw new RowFault(0, 'transformRows returned no array');
  if (results.length === rows.length) return results as TransformedRow[];
  throw new RowFault(
    0,
    `transformRows returned ${results.length} results for ${rows.length} rows; each row needs one`,
  );
}

function atRow(index: number, file: string, act: () => Outcome): Outcome {
  try {
    return act();
  } catch (error) {
    throw new RowFault(index, error instanceof RowFault ? error.message : thrownBy(file, error));
  }
}

/** Its message is left out, since it may quote the row. */
function thrownBy(file: string, error: unknown): string {
  const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: '' };
  const place = stack?.split('\n').find((line) => line.includes(file));
  const at = place === undefined ? undefined : /:(\d+):\d+\)?$/.exec(place)?.[1];
  return `it threw a ${name}${at === undefined ? '' : ` at line ${at}`}`;
}

function outcomeCheck({ module, columns, window }: Application): (result: unknown, index: number) => Outcome {
  const shape = rowShape(columns);
  const cursor = columns.find(({ name }) => name.toLowerCase() === module.cursor.toLowerCase());
  const faultOf = (row: unknown): string | undefined => {
    const fault = shape(row);
    if (fault !== undefined || !cursor) return fault;
    const at = instantOf(cursor, (row as Row)[cursor.name] ?? null);
    if (at === undefined) return `${cursor.name}, the cursor, has no value`;
    const within = at <= window.hi && (window.lo === undefined || at > window.lo);
    return within ? undefined : `${cursor.name}, the cursor, lies outside the window of the job`;
  };
  return (result, index) => {
    if (result instanceof RejectedRow) return { rows: [], rejected: reasonOf(result, index) };
    const rows: readonly unknown[] = Array.isArray(result) ? (result as unknown[]) : [result];
    for (const row of rows) {
      const fault = faultOf(row);
      if (fault !== undefined)
        throw new RowFault(index, `the row it made of it is no row of its columns: ${fault}`);
    }
    return { rows: rows as Row[], rejected: undefined };
  };
}

function reasonOf({ rejected }: Rejected, index: number): string {
  if (typeof rejected === 'string' && rejected !== '') return rejected.slice(0, MAX_REASON_LENGTH);
  throw new RowFault(index, 'it rejected the row without a reason, which must be text');
}

/** The rows that were made, as Arrow; throws a RowFault that names the row whose rows do not fit their columns. */
export function encodeOutcomes(columns: TableSchema, outcomes: readonly Outcome[]) {
  try {
    return encodeRows(
      columns,
      outcomes.flatMap(({ rows }) => rows),
    );
  } catch (error) {
    outcomes.forEach(({ rows }, index) => {
      try {
        encodeRows(columns, rows);
      } catch (alone) {
        throw new RowFault(
          index,
          alone instanceof Misfit ? alone.withoutValue : 'the row it made cannot be encoded',
        );
      }
    });
    throw error;
  }
}
