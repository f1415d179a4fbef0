/** A change of an organization's configuration, and what it makes of the row that is there. */
import type { Micros } from '../job/instant.ts';
import type { Organization } from '../job/organization.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import type { OrganizationRow } from './entities/organization-row.ts';

/** Undefined leaves a column as it is, or at its default in a new organization; null clears it. */
export type OrganizationChange = {
  readonly organizationId: string;
  readonly sourceKind?: string | undefined;
  readonly source?: TableRef | undefined;
  readonly sourceLocation?: string | null | undefined;
  readonly destination?: TableRef | undefined;
  readonly destinationLocation?: string | null | undefined;
  readonly sourceServiceAccount?: string | null | undefined;
  readonly destinationServiceAccount?: string | null | undefined;
  readonly transform?: string | undefined;
  readonly writePath?: Organization['writePath'] | undefined;
  readonly schemaPolicy?: Organization['schemaPolicy'] | undefined;
  readonly cursorField?: string | undefined;
  readonly partitionField?: string | undefined;
  readonly clusteringFields?: readonly string[] | undefined;
  readonly settleMinutes?: number | undefined;
  readonly verifyLevel?: Organization['verifyLevel'] | undefined;
  readonly verifyColumns?: readonly string[] | null | undefined;
  readonly maxBytesBilled?: bigint | null | undefined;
  readonly quarantineTable?: TableRef | null | undefined;
  readonly maxRejectedPercent?: number | undefined;
  readonly paused?: boolean | undefined;
  /** Where the next incremental job begins; one of them must be said when source, destination, transform or cursor change. */
  readonly watermark?:
    { readonly kind: 'keep' } | { readonly kind: 'since'; readonly at: Micros } | undefined;
};

/** The columns a person sets, as the row has them. */
export type ConfigurationColumns = Omit<
  OrganizationRow,
  'id' | 'organizationId' | 'lastSuccessfulRun' | 'activeJob' | 'createdAt' | 'updatedAt'
>;

/** What a new organization has where nothing is said. Source: spec.md §4. */
const DEFAULTS = {
  sourceKind: 'bigquery',
  sourceLocation: null,
  destinationLocation: null,
  sourceServiceAccount: null,
  destinationServiceAccount: null,
  transform: 'none',
  writePath: 'auto',
  schemaPolicy: 'evolve',
  cursorField: 'export_time',
  partitionField: '_etl_cursor',
  clusteringFields: '[]',
  settleMinutes: 15,
  verifyLevel: 'totals',
  verifyColumns: null,
  maxBytesBilled: null,
  quarantineTable: null,
  maxRejectedPercent: 0,
  paused: false,
} as const;

/** The columns a change names. */
export function changedColumns(change: OrganizationChange): Partial<ConfigurationColumns> {
  const { source, destination, clusteringFields, verifyColumns, quarantineTable } = change;
  return defined({
    sourceKind: change.sourceKind,
    sourceProject: source?.project,
    sourceDataset: source?.dataset,
    sourceTable: source?.table,
    sourceLocation: change.sourceLocation,
    destinationProject: destination?.project,
    destinationDataset: destination?.dataset,
    destinationTable: destination?.table,
    destinationLocation: change.destinationLocation,
    sourceServiceAccount: change.sourceServiceAccount,
    destinationServiceAccount: change.destinationServiceAccount,
    transform: change.transform,
    writePath: change.writePath,
    schemaPolicy: change.schemaPolicy,
    cursorField: change.cursorField,
    partitionField: change.partitionField,
    clusteringFields: clusteringFields && JSON.stringify(clusteringFields),
    settleMinutes: change.settleMinutes,
    verifyLevel: change.verifyLevel,
    verifyColumns: verifyColumns && JSON.stringify(verifyColumns),
    maxBytesBilled: change.maxBytesBilled,
    quarantineTable: quarantineTable && tableName(quarantineTable),
    maxRejectedPercent: change.maxRejectedPercent,
    paused: change.paused,
  });
}

/** All columns of a new organization, or everything that is missing for one. */
export function newColumns(
  change: OrganizationChange,
): { columns: ConfigurationColumns } | { missing: string[] } {
  const missing = (['source', 'destination'] as const).filter((side) => change[side] === undefined);
  if (missing.length > 0) return { missing };
  return { columns: { ...DEFAULTS, ...changedColumns(change) } as ConfigurationColumns };
}

/** Which of the four things differ that decide what the watermark means. */
export function identityChanges(before: ConfigurationColumns, after: ConfigurationColumns): string[] {
  const parts: Record<string, readonly (keyof ConfigurationColumns)[]> = {
    source: ['sourceKind', 'sourceProject', 'sourceDataset', 'sourceTable'],
    destination: ['destinationProject', 'destinationDataset', 'destinationTable'],
    transform: ['transform'],
    cursor: ['cursorField'],
  };
  return Object.entries(parts)
    .filter(([, columns]) => columns.some((column) => before[column] !== after[column]))
    .map(([part]) => part);
}

function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
