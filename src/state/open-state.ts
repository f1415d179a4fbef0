/** Opens the state of all jobs: connects to the database and assembles the stores on it. */
import type { DataSource } from 'typeorm';
import type { Micros } from '../job/instant.ts';
import { createAlertStore, type AlertStore } from './alert-store.ts';
import { createAuditLog, type AuditLog } from './audit-log.ts';
import { createBatchStore, type BatchStore } from './batch-store.ts';
import { createDataSource } from './data-source.ts';
import { asDatabaseError } from './database-errors.ts';
import { databaseName, type DatabaseSettings } from './database-settings.ts';
import { Database, databaseNow } from './database.ts';
import { createDeadLetterStore, type DeadLetterStore } from './dead-letter-store.ts';
import { dialectOf } from './dialect.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import { createLedgerStore, type LedgerStore } from './ledger-store.ts';
import { createOrganizationStore, type OrganizationStore } from './organization-store.ts';
import { prune, type Pruned } from './prune.ts';
import { giveExactIntegers, migrate, readSchemaState, type SchemaState } from './schema.ts';
import { createStepStore, type StepStore } from './step-store.ts';
import {
  claimWorkerSlot,
  countLiveWorkers,
  electedWorker,
  listWorkers,
  releaseWorkerSlot,
  type WorkerKind,
  type WorkerRecord,
  type WorkerSlotOutcome,
} from './worker-slot.ts';

export type { DatabaseSettings } from './database-settings.ts';

/** The stores of one database, and what concerns it as a whole. */
export type State = {
  readonly jobs: JobStore;
  readonly organizations: OrganizationStore;
  readonly batches: BatchStore;
  readonly steps: StepStore;
  readonly deadLetters: DeadLetterStore;
  readonly audit: AuditLog;
  readonly ledger: LedgerStore;
  readonly alerts: AlertStore;
  /** The database's clock. */
  now(): Promise<Micros>;
  schemaState(): Promise<SchemaState>;
  /** Applies pending migrations and returns their names. Safe to run in many processes at once. */
  migrate(): Promise<string[]>;
  /** Announces a worker; refused on an SQLite file that another live worker uses. Heartbeats renew it. */
  claimWorkerSlot(owner: string, leaseMs: number): Promise<WorkerSlotOutcome>;
  releaseWorkerSlot(owner: string, kind?: WorkerKind): Promise<void>;
  /** How many replicas and runs in the foreground live, by the database's clock. */
  countLiveWorkers(): Promise<number>;
  /** The one live replica that works for all of them: the oldest. */
  electedWorker(): Promise<string | undefined>;
  /** The replicas and runs in the foreground, the newest first. */
  listWorkers(): Promise<WorkerRecord[]>;
  /** Deletes steps, batches and dead letters older than the retention. */
  prune(retentionDays: number): Promise<Pruned>;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** Connects; rejects with TransientError `database_unavailable` naming the database and the mend. */
export async function openState(settings: DatabaseSettings): Promise<State> {
  const dataSource = createDataSource(settings);
  await dataSource.initialize().catch((error: unknown) => {
    throw asDatabaseError(error, databaseName(settings));
  });
  return stateOn(dataSource, settings);
}

/** The stores on a data source made with these settings and connected. */
export function stateOn(dataSource: DataSource, settings: DatabaseSettings): State {
  giveExactIntegers(dataSource, true);
  const virtualClock = settings.kind === 'sqlite' && settings.clock !== undefined;
  const dialect = dialectOf(settings.kind, virtualClock);
  const database = new Database(dataSource, dialect, databaseName(settings));
  return {
    jobs: createJobStore(database),
    organizations: createOrganizationStore(database),
    batches: createBatchStore(database),
    steps: createStepStore(database),
    deadLetters: createDeadLetterStore(database),
    audit: createAuditLog(database),
    ledger: createLedgerStore(database),
    alerts: createAlertStore(database),
    now: () => database.read(databaseNow),
    schemaState: () => readSchemaState(database, dataSource),
    migrate: () => migrate(database, dataSource),
    claimWorkerSlot: (owner, leaseMs) => claimWorkerSlot(database, owner, leaseMs),
    releaseWorkerSlot: (...given) => releaseWorkerSlot(database, ...given),
    countLiveWorkers: () => countLiveWorkers(database),
    electedWorker: () => electedWorker(database),
    listWorkers: () => listWorkers(database),
    prune: (retentionDays) => prune(database, retentionDays),
    ping: async () => {
      await database.read(databaseNow);
    },
    close: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
    },
  };
}
