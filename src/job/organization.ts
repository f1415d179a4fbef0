/** The configuration of one organization: where its billing data lives, where the copy goes, and how. */
import type { Micros } from './instant.ts';
import type { VerifyLevel, WritePath } from './plan.ts';
import type { TableRef } from './table-ref.ts';

export const WRITE_PATHS = ['auto', 'storage', 'query'] as const;
export const SCHEMA_POLICIES = ['evolve', 'freeze'] as const;
export type SchemaPolicy = (typeof SCHEMA_POLICIES)[number];

/** One row of client_billing_config. */
export type Organization = {
  readonly organizationId: string;
  /** What kind of thing the source is: `bigquery`, `files`, or `module:<name>` for one plugged in. */
  readonly sourceKind: string;
  readonly source: TableRef;
  /** Undefined: found out from the source itself. */
  readonly sourceLocation: string | undefined;
  readonly destination: TableRef;
  /** Undefined: that of the destination dataset, or where it does not exist yet the source's. */
  readonly destinationLocation: string | undefined;
  readonly sourceServiceAccount: string | undefined;
  readonly destinationServiceAccount: string | undefined;
  readonly transform: string;
  readonly writePath: 'auto' | WritePath;
  readonly schemaPolicy: SchemaPolicy;
  readonly cursorField: string;
  readonly partitionField: string;
  readonly clusteringFields: readonly string[];
  readonly settleMinutes: number;
  readonly verifyLevel: VerifyLevel;
  /** Undefined: the default columns, as far as the source has them. */
  readonly verifyColumns: readonly string[] | undefined;
  readonly maxBytesBilled: bigint | undefined;
  /** Where rows that a module transform rejects are kept; undefined: they are counted only. */
  readonly quarantineTable: TableRef | undefined;
  /** Largest share of the rows read that a module transform may reject without failing the job, in whole percent. */
  readonly maxRejectedPercent: number;
  readonly paused: boolean;
  /** The watermark: hi of the last committed incremental window; undefined before the first. */
  readonly watermark: Micros | undefined;
  readonly activeJob: string | undefined;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
};
