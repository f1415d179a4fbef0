// A job and an organization with every field filled in, for tests of what is shown of them.
import type { Organization } from '../../src/job/organization.ts';
import { parseInstant, type Micros } from '../../src/job/instant.ts';
import type { Plan } from '../../src/job/plan.ts';
import type { JobRecord } from '../../src/state/job-record.ts';

/** The instant of an RFC 3339 text that is known to be one. */
export function at(text: string): Micros {
  const instant = parseInstant(text);
  if (instant === undefined) throw new RangeError(`${text} is no instant`);
  return instant;
}

/** An active organization that was copied up to January's end, with the given differences. */
export function sampleOrganization(differences: Partial<Organization> = {}): Organization {
  return {
    organizationId: 'acme',
    sourceKind: 'bigquery',
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    sourceLocation: undefined,
    destination: { project: 'destination-env', dataset: 'copies', table: 'acme' },
    destinationLocation: 'US',
    sourceServiceAccount: undefined,
    destinationServiceAccount: 'writer@p.iam.gserviceaccount.com',
    transform: 'none',
    writePath: 'auto',
    schemaPolicy: 'evolve',
    cursorField: 'export_time',
    partitionField: '_etl_cursor',
    clusteringFields: ['project'],
    settleMinutes: 15,
    verifyLevel: 'totals',
    verifyColumns: undefined,
    maxBytesBilled: 10n ** 12n,
    quarantineTable: undefined,
    maxRejectedPercent: 0,
    paused: false,
    watermark: at('2026-01-31T00:00:00.000001Z'),
    activeJob: undefined,
    createdAt: at('2026-01-01T00:00:00Z'),
    updatedAt: at('2026-01-02T00:00:00Z'),
    ...differences,
  };
}

/** A job of acme that copied 10,000 rows, with the given differences. */
export function sampleJob(differences: Partial<JobRecord> = {}): JobRecord {
  return {
    id: 1,
    organizationId: 'acme',
    jobId: 'j1',
    jobType: 'incremental',
    status: 'SUCCESS',
    window: undefined,
    attempts: 1,
    interruptions: 0,
    crashes: 0,
    nextAttemptAt: undefined,
    doorbellSeenAt: at('2026-02-01T00:00:00Z'),
    leaseOwner: 'worker-1',
    leaseEpoch: 1,
    leaseExpiresAt: undefined,
    planNumber: 1,
    plan: samplePlan(),
    commitSet: undefined,
    needsOperator: false,
    rowsRead: 10_000,
    rowsWritten: 10_000,
    bytesWritten: 1_234_567,
    errorReason: undefined,
    errorMessage: undefined,
    cancelRequested: false,
    requestedBy: 'me',
    messageId: '42',
    createdAt: at('2026-02-01T00:00:00Z'),
    startedAt: at('2026-02-01T00:00:01Z'),
    finishedAt: at('2026-02-01T00:00:13.3Z'),
    updatedAt: at('2026-02-01T00:00:13.3Z'),
    ...differences,
  };
}

/** A plan for the storage path of about 10,000 rows, with the given differences. */
export function samplePlan(differences: Partial<Plan> = {}): Plan {
  return {
    window: { lo: undefined, hi: at('2026-01-31T23:00:00Z') },
    snapshot: at('2026-02-01T00:00:00Z'),
    writePath: 'storage',
    writePathReason: 'source and destination are in different locations',
    source: { project: 'source-env', dataset: 'billing', table: 'export' },
    sourceLocation: 'EU',
    destination: { project: 'destination-env', dataset: 'copies', table: 'acme' },
    destinationLocation: 'US',
    transform: 'none',
    cursorField: 'export_time',
    verifyLevel: 'totals',
    verifyColumns: ['cost', 'credits.amount'],
    currencyColumn: 'currency',
    sourceSchema: [{ name: 'cost', type: 'FLOAT64', mode: 'NULLABLE' }],
    batchRows: 50_000,
    stagingDataset: 'staging',
    writerFingerprint: 'fingerprint',
    estimatedRows: 10_000,
    estimatedBytes: 5_000_000,
    ...differences,
  };
}
