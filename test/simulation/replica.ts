// One replica of the real worker, every seam of it behind a gate of its own.
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { Destination } from '../../src/etl/destination.ts';
import type { RunObserver } from '../../src/etl/run.ts';
import type { Modules } from '../../src/etl/transforms/module/modules.ts';
import type { Organization } from '../../src/job/organization.ts';
import type { State } from '../../src/state/open-state.ts';
import { TransientError } from '../../src/job/errors.ts';
import type { OutgoingAlert } from '../../src/worker/alert-sender.ts';
import { watchDeliveries } from '../../src/worker/delivery-watch.ts';
import type { DeliverySource } from '../../src/worker/delivery.ts';
import { fileDeadLetters } from '../../src/worker/file-dead-letters.ts';
import { sendOutbox } from '../../src/worker/outbox.ts';
import type { Publisher } from '../../src/worker/publisher.ts';
import { republishAbandonedJobs } from '../../src/worker/abandoned-jobs.ts';
import { reapSilentJobs } from '../../src/worker/reaper.ts';
import type { WorkerObserver } from '../../src/worker/worker-context.ts';
import { Worker } from '../../src/worker/worker.ts';
import type { FakeSubscriber } from '../support/fake-subscriber.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { strictDestination } from '../support/strict-warehouse/destination-side.ts';
import { strictSource } from '../support/strict-warehouse/source-side.ts';
import type { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';
import { gatedAlerts, gatedDeliveries, gatedPublisher } from './gated-broker.ts';
import { gatedDestination, gatedSource, type OnStranger } from './gated-sides.ts';
import { gatedState, type Perform } from './gated-state.ts';
import type { Gate } from './gate.ts';
import { destinationOf, isPushedDown, quarantineOf, sourceOf } from './organizations.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedModule } from './simulated-module.ts';

export const LEASE_MS = 15_000;
export const MAX_CONCURRENT_JOBS = 2;
const JOB_ERROR = new TransientError('warehouse_unavailable', 'scripted: the job ended in error');

/** What a known-bad variant puts between the worker and its gate. */
export type Variant = {
  readonly name: string;
  readonly state?: (state: State, site: VariantSite) => State;
  readonly destination?: (destination: Destination, site: VariantSite) => Destination;
  readonly deliveries?: (deliveries: DeliverySource, site: VariantSite) => DeliverySource;
  readonly modules?: (modules: Modules) => Modules;
};

/** Where a variant acts. */
export type VariantSite = {
  readonly gate: Gate;
  /** What variants of all replicas remember in common, as a service would. */
  readonly shared: Map<string, unknown>;
  /** Changes the database behind the state's back, in one step. */
  readonly execute: (sql: string, ...values: readonly unknown[]) => void;
};

export type ReplicaParts = {
  readonly gate: Gate;
  readonly seed: number;
  readonly scenario: Scenario;
  readonly state: State;
  readonly perform: Perform;
  readonly source: StrictWarehouse;
  readonly destination: StrictWarehouse;
  readonly module: SimulatedModule;
  readonly subscriber: FakeSubscriber;
  /** To the dead-letter subscription, in worlds where it is filed. */
  readonly letters: FakeSubscriber | undefined;
  readonly publisher: Publisher;
  readonly onStranger: OnStranger;
  /** Told of a write stream that acknowledged what it does not hold. */
  readonly onSwallowed: (stream: string) => void;
  /** Every text the replica would log. */
  readonly onText: (text: string) => void;
  /** Told of every alert that was sent. */
  readonly onAlert: (alert: OutgoingAlert) => void;
  readonly variant?: Variant | undefined;
  readonly site: VariantSite;
};

/** A worker that is not started yet. */
export function createReplica(parts: ReplicaParts): Worker {
  const { gate, scenario, subscriber, variant, site } = parts;
  const random = new SeededRandom(parts.seed);
  const state = gatedState(parts.state, gate, parts.perform);
  const deliveries = gatedDeliveries(subscriber, gate);
  return new Worker(
    {
      settings: {
        owner: gate.replica,
        leaseMs: LEASE_MS,
        maxConcurrentJobs: MAX_CONCURRENT_JOBS,
        parkedLimit: 100,
        drainTimeoutMs: 10_000,
        noProgressTimeoutMs: 7 * 3_600_000,
      },
      services: {
        state: variant?.state?.(state, site) ?? state,
        settings: {
          maxRetries: scenario.maxRetries,
          retryDelayMs: 200,
          batchRows: scenario.batchRows,
          readStreams: scenario.readStreams,
          build: 'simulated',
          modules: variant?.modules?.(parts.module.modules) ?? parts.module.modules,
        },
        budget: new ByteBudget(64 * 1024 * 1024),
        clock: gate.clock,
        random: () => random.uint32() / 2 ** 32,
        observer: runObserver(parts.onText),
      },
      deliveries: variant?.deliveries?.(deliveries, site) ?? deliveries,
      publisher: gatedPublisher(parts.publisher, gate),
      openSides: (organization) => openSides(parts, organization),
      observer: workerObserver(parts.onText),
    },
    [
      reapSilentJobs,
      republishAbandonedJobs,
      watchDeliveries,
      ...(scenario.outbox ? [sendOutbox(gatedAlerts(parts.onAlert, gate))] : []),
      ...(parts.letters ? [fileDeadLetters(gatedDeliveries(parts.letters, gate))] : []),
    ],
  );
}

function openSides(
  { gate, source, destination, onStranger, onSwallowed, variant, site }: ReplicaParts,
  organization: Organization,
) {
  const { organizationId } = organization;
  const from = sourceOf(organizationId);
  const to = gatedDestination(
    strictDestination(destination, gate.replica),
    gate,
    [destinationOf(organizationId), quarantineOf(organizationId), from],
    { onStranger, onSwallowed, failNextJob: () => (destination.jobError = JOB_ERROR) },
  );
  const warehouse = isPushedDown(organizationId) ? destination : source;
  return {
    source: gatedSource(strictSource(warehouse, gate.replica), gate, from, onStranger),
    destination: variant?.destination?.(to, site) ?? to,
  };
}

function runObserver(onText: (text: string) => void): RunObserver {
  return {
    stepStarted: () => undefined,
    stepFinished: () => undefined,
    checkpoint: () => undefined,
    note: (_key, message, metadata) => onText(`${message} ${JSON.stringify(metadata ?? {})}`),
  };
}

function workerObserver(onText: (text: string) => void): WorkerObserver {
  return {
    decided: () => undefined,
    runStarted: () => undefined,
    runEnded: (_key, outcome) => onText('message' in outcome ? outcome.message : outcome.kind),
    deadLettered: (reason, _delivery, violations) => onText(`${reason} ${violations.join()}`),
    leaseLost: () => undefined,
    databaseLost: onText,
    databaseBack: () => undefined,
    republished: () => undefined,
    trouble: onText,
  };
}
