// Replicas of the worker on one fake broker, one SQLite database in memory and one virtual clock, with jobs that do as told.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { RunOutcome } from '../../src/etl/run-job.ts';
import type { JobKey, JobRequest } from '../../src/job/job.ts';
import type { JobRecord } from '../../src/state/job-record.ts';
import { openState, type State } from '../../src/state/open-state.ts';
import { Worker, type BackgroundTask } from '../../src/worker/worker.ts';
import type { DeliveryDecision, WorkerObserver, WorkerSettings } from '../../src/worker/worker-context.ts';
import { FakeBroker, type BrokerEvent, type BrokerOptions } from '../support/fake-broker.ts';
import type { FakeSubscriber } from '../support/fake-subscriber.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { scriptedSides, type Script } from './worker-scripted-sides.ts';
import { unreliable, type SetFault } from './worker-unreliable-state.ts';

export const LEASE_MS = 60_000;

/** One replica, and what it told of itself. */
export interface Replica {
  readonly name: string;
  readonly worker: Worker;
  readonly subscriber: FakeSubscriber;
  readonly decisions: DeliveryDecision[];
  readonly ended: (JobKey & { readonly outcome: RunOutcome['kind'] })[];
  readonly leasesLost: JobKey[];
  readonly republished: JobKey[];
  readonly deadLettered: { readonly reason: string; readonly violations: readonly string[] }[];
  readonly troubles: string[];
  /** What its database does to it from now on. */
  readonly setDatabase: SetFault;
}

type ReplicaOptions = Partial<Omit<WorkerSettings, 'owner'>> & {
  readonly tasks?: readonly BackgroundTask[];
  readonly maxOutstanding?: number;
  readonly maxRetries?: number;
};

/** Everything of one test. */
export class Rig {
  readonly clock: VirtualClock;
  readonly broker: FakeBroker;
  readonly state: State;
  /** What the jobs of each organization do; nothing new to copy where nothing is said. */
  readonly scripts = new Map<string, Script>();
  /** Names of the organizations whose rows are being read right now, and the most at any time, by replica. */
  readonly reading = new Map<string, { now: string[]; most: number }>();
  /** Every run, in order of its beginning. */
  readonly runs: { readonly replica: string; readonly organizationId: string }[] = [];
  readonly #random = new SeededRandom(1);
  #replicas = 0;

  constructor(state: State, clock: VirtualClock, broker: FakeBroker) {
    this.state = state;
    this.clock = clock;
    this.broker = broker;
  }

  /** A replica that is not started yet. */
  replica(name: string, options: ReplicaOptions = {}): Replica {
    const { tasks = [], maxOutstanding = 1_000, maxRetries = 3, ...settings } = options;
    const subscriber = this.broker.subscriber(name, { maxOutstanding });
    const told = {
      decisions: [],
      ended: [],
      leasesLost: [],
      republished: [],
      deadLettered: [],
      troubles: [],
    };
    const database = unreliable(this.state, (call) =>
      this.broker.note({ kind: 'elsewhere', messageId: '', subscriber: name, what: call }),
    );
    const worker = new Worker(
      {
        settings: {
          owner: `${name}-${++this.#replicas}`,
          leaseMs: LEASE_MS,
          maxConcurrentJobs: 4,
          parkedLimit: 100,
          drainTimeoutMs: 25_000,
          noProgressTimeoutMs: 7 * 3_600_000,
          ...settings,
        },
        services: {
          state: database.state,
          settings: { maxRetries, retryDelayMs: 5_000, batchRows: 1_000, readStreams: 1, build: 'test' },
          budget: new ByteBudget(128 * 1024 * 1024),
          clock: this.clock,
          random: () => this.#random.uint32() / 2 ** 32,
          observer: {
            stepStarted: () => undefined,
            stepFinished: () => undefined,
            checkpoint: () => undefined,
            note: () => undefined,
          },
        },
        deliveries: subscriber,
        publisher: this.broker,
        openSides: ({ organizationId }) => scriptedSides(this, name, organizationId),
        observer: observerOf(told),
      },
      tasks,
    );
    return { name, worker, subscriber, ...told, setDatabase: database.setFault };
  }

  /** A replica that receives messages. */
  start(name: string, options: ReplicaOptions = {}): Replica {
    const replica = this.replica(name, options);
    replica.worker.start();
    return replica;
  }

  /** Organizations whose jobs follow the script. */
  async organizations(names: readonly string[], script: Script = { kind: 'nothing_new' }): Promise<void> {
    for (const organizationId of names) {
      this.scripts.set(organizationId, script);
      const outcome = await this.state.organizations.set({
        organizationId,
        source: { project: 'source-env', dataset: 'billing', table: 'export' },
        destination: { project: 'destination-env', dataset: 'copies', table: organizationId },
      });
      assert.equal(outcome.kind, 'created');
    }
  }

  /** Publishes a job and returns the id of its message. */
  publish(organizationId: string, jobId: string, options: { to?: string } = {}): string {
    return this.broker.publish({ organization_id: organizationId, job_id: jobId }, options);
  }

  async job(organizationId: string, jobId: string): Promise<JobRecord | undefined> {
    return this.state.jobs.find({ organizationId, jobId });
  }

  /** Lets time pass until the job has this status. */
  async untilJob(organizationId: string, jobId: string, status: JobRecord['status']): Promise<JobRecord> {
    return this.clock.until(async () => {
      const job = await this.job(organizationId, jobId);
      return job?.status === status && job;
    }, `${organizationId}/${jobId} to be ${status}`);
  }

  /** Lets time pass until the broker has seen so many events of a kind. */
  async untilEvents(kind: BrokerEvent['kind'], count: number, messageId?: string): Promise<BrokerEvent[]> {
    return this.clock.until(
      () => this.broker.eventsOf(kind, messageId).length >= count && this.broker.eventsOf(kind, messageId),
      `${count} × ${kind}`,
    );
  }
}

/** A new broker and an empty database; closed when the test ends. */
export async function aRig(context: TestContext, options: BrokerOptions = {}): Promise<Rig> {
  const clock = new VirtualClock();
  const state = await openState({ kind: 'sqlite', path: ':memory:', clock: () => clock.nowMicros() });
  context.after(() => state.close());
  await state.migrate();
  return new Rig(state, clock, new FakeBroker(clock, options));
}

/** A promise to be kept by the test. */
export function aGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** The request a message of Rig.publish asks for. */
export function requestOf(organizationId: string, jobId: string): JobRequest {
  return { organizationId, jobId, jobType: 'incremental', window: undefined, requestedBy: undefined };
}

type Told = Omit<Replica, 'name' | 'worker' | 'subscriber' | 'setDatabase'>;

function observerOf(told: Told): WorkerObserver {
  return {
    decided: (decision) => told.decisions.push(decision),
    runStarted: () => undefined,
    runEnded: ({ organizationId, jobId }, { kind }) =>
      told.ended.push({ organizationId, jobId, outcome: kind }),
    deadLettered: (reason, _delivery, violations) => told.deadLettered.push({ reason, violations }),
    leaseLost: (key) => told.leasesLost.push(key),
    databaseLost: () => undefined,
    databaseBack: () => undefined,
    republished: (key) => told.republished.push(key),
    trouble: (message) => told.troubles.push(message),
  };
}
