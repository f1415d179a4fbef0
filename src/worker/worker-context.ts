/** What the parts of the worker share: its identity, its collaborators and what it tells of itself. */
import type { RunOutcome } from '../etl/run-job.ts';
import type { RunServices } from '../etl/run.ts';
import type { Source } from '../etl/source.ts';
import type { Destination } from '../etl/destination.ts';
import type { JobKey } from '../job/job.ts';
import type { Organization } from '../job/organization.ts';
import type { Reason } from '../job/reason.ts';
import type { WorkerKind } from '../state/worker-slot.ts';
import type { Delivery, DeliverySource } from './delivery.ts';
import type { HeldMessages } from './held-messages.ts';
import type { Publisher } from './publisher.ts';
import type { RunningJobs } from './running-jobs.ts';

export type WorkerSettings = {
  /** Names this replica in leases; different for every start of every process. */
  readonly owner: string;
  /** Left out: a replica. A run in the foreground works for itself only. */
  readonly kind?: WorkerKind;
  readonly leaseMs: number;
  readonly maxConcurrentJobs: number;
  readonly parkedLimit: number;
  readonly drainTimeoutMs: number;
  /** How long a run may go on without a sign of life. */
  readonly noProgressTimeoutMs: number;
};

/** What became of a delivery; counted, one word per row of the redelivery table. */
export type DeliveryDecision =
  | 'claimed'
  | 'finished'
  | 'adopted'
  | 'parked'
  | 'runs_alone'
  | 'nacked_over_limit'
  | 'dead_lettered'
  | 'released'
  | 'unknown_organization';

/** What a run moved and how long it took; rows and bytes of the job's recorded end, 0 without one. */
export type RunFigures = { readonly seconds: number; readonly rows: number; readonly bytes: number };

/** What the worker tells of itself; none of it may throw. */
export type WorkerObserver = {
  decided(decision: DeliveryDecision, delivery: Delivery): void;
  runStarted(key: JobKey, epoch: number, resumed: boolean): void;
  runEnded(key: JobKey, outcome: RunOutcome, figures: RunFigures): void;
  deadLettered(reason: Reason, delivery: Delivery, violations: readonly string[]): void;
  leaseLost(key: JobKey): void;
  databaseLost(message: string): void;
  databaseBack(): void;
  republished(key: JobKey): void;
  trouble(message: string, key?: JobKey): void;
};

/** Where a copy comes from and where it goes. */
export type Sides = { readonly source: Source; readonly destination: Destination };

export type WorkerContext = {
  readonly settings: WorkerSettings;
  readonly services: RunServices;
  readonly deliveries: DeliverySource;
  readonly publisher: Publisher;
  /** The two sides of an organization's copy, under its identities. */
  readonly openSides: (organization: Organization) => Sides | Promise<Sides>;
  readonly observer: WorkerObserver;
  readonly held: HeldMessages;
  readonly running: RunningJobs;
};
