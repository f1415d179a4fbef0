/** What a job is going to do, settled once per plan number and stored before any work. */
import { formatInstant, parseInstant, type Micros } from './instant.ts';
import type { Window } from './job.ts';
import type { SqlTransform } from './sql-transform.ts';
import type { TableRef } from './table-ref.ts';
import type { TableSchema } from './table-schema.ts';

export type WritePath = 'storage' | 'query';

/** One plan: everything a resumed run needs to do exactly the same again. */
export type Plan = {
  readonly window: Window;
  /** The instant, by the source's own clock, at which the source is read. */
  readonly snapshot: Micros;
  readonly writePath: WritePath;
  /** Why this path, in words for people. */
  readonly writePathReason: string;
  readonly source: TableRef;
  readonly sourceLocation: string;
  readonly destination: TableRef;
  readonly destinationLocation: string;
  /** Dataset, beside the destination's own, that a staging table would be made in. */
  readonly stagingDataset: string;
  readonly transform: string;
  /** The SQL behind `transform` as it was at planning: a file that changes meanwhile changes nothing for this plan. */
  readonly sqlTransform?: SqlTransform;
  /** The module behind `transform` as it was at planning: with another version the job plans anew. */
  readonly moduleTransform?: ModulePlan;
  /** Where rows that the module rejects are kept. */
  readonly quarantine?: TableRef;
  readonly cursorField: string;
  readonly verifyLevel: VerifyLevel;
  /** Dotted paths of the columns whose sums are compared; only columns the source has. */
  readonly verifyColumns: readonly string[];
  /** Path of the column the sums are grouped by, when the source has it. */
  readonly currencyColumn: string | undefined;
  /** Of the rows as they are written: the source's own, or its transform's. */
  readonly sourceSchema: TableSchema;
  /** Rows a batch may hold; fixed here so that a resumed run cuts the same batches. */
  readonly batchRows: number;
  /** Identifies the writer at the time of planning: build, transform, schema and batch settings. Who began a copy is recorded with its read session. */
  readonly writerFingerprint: string;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
};

/** What a plan knows of its module. */
export type ModulePlan = {
  /** Of the file's content and of what it says its rows depend on. */
  readonly version: string;
  /** The column of the rows it makes that keeps the cursor. */
  readonly cursorField: string;
  /** Of the rows it is given. */
  readonly sourceSchema: TableSchema;
  /** As those of the plan, of the rows it is given. */
  readonly verifyColumns: readonly string[];
  readonly currencyColumn: string | undefined;
};

export const VERIFY_LEVELS = ['counts', 'totals', 'fingerprint'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

/** The stored form of a plan: JSON with instants as RFC 3339 text. */
export type StoredPlan = Omit<Plan, 'window' | 'snapshot'> & {
  readonly window: { readonly lo: string | null; readonly hi: string };
  readonly snapshot: string;
};

/** The JSON form of a plan. */
export function storePlan(plan: Plan): StoredPlan {
  const { lo, hi } = plan.window;
  return {
    ...plan,
    window: { lo: lo === undefined ? null : formatInstant(lo), hi: formatInstant(hi) },
    snapshot: formatInstant(plan.snapshot),
  };
}

/** The plan behind its JSON form; throws on an instant that storePlan did not write. */
export function restorePlan(stored: StoredPlan): Plan {
  const { lo, hi } = stored.window;
  return {
    ...stored,
    window: { lo: lo === null ? undefined : instantOf(lo), hi: instantOf(hi) },
    snapshot: instantOf(stored.snapshot),
  };
}

function instantOf(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined)
    throw new RangeError(`the stored plan holds "${text}" where an RFC 3339 instant belongs`);
  return instant;
}
