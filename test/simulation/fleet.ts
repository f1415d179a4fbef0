// The replicas of a simulated world: started, drained, and replaced when they have died.
import type { Worker } from '../../src/worker/worker.ts';
import type { FakeSubscriber } from '../support/fake-subscriber.ts';
import type { Brokers } from './brokers.ts';
import { Gate, type Surroundings } from './gate.ts';

/** A process that died is replaced within this time. */
const RESTART_MS = 8_000;
/** Between two replicas of a rolling restart. */
const ROLLING_MS = 2_000;

/** A replica that is alive as far as its platform knows. */
export type Replica = {
  readonly gate: Gate;
  readonly worker: Worker;
  readonly subscriber: FakeSubscriber;
  /** To the dead-letter subscription, where the replica files what arrives there. */
  readonly letters: FakeSubscriber | undefined;
  isDraining: boolean;
};

/** A worker behind this gate that is not started yet; replicas are numbered from 1. */
export type MakeWorker = (parts: Pick<Replica, 'gate' | 'subscriber' | 'letters'>, number: number) => Worker;

export class Fleet {
  readonly #surroundings: Surroundings;
  readonly #brokers: Brokers;
  readonly #makeWorker: MakeWorker;
  readonly #replicas = new Map<string, Replica>();
  #started = 0;

  constructor(surroundings: Surroundings, brokers: Brokers, makeWorker: MakeWorker) {
    this.#surroundings = surroundings;
    this.#brokers = brokers;
    this.#makeWorker = makeWorker;
  }

  /** Starts one more. */
  start(): void {
    this.#started += 1;
    const gate = new Gate(this.#surroundings, `r${this.#started}`);
    const parts = {
      gate,
      subscriber: this.#brokers.jobs.subscriber(gate.replica, { maxOutstanding: 50 }),
      letters: this.#brokers.letters?.subscriber(gate.replica, { maxOutstanding: 10 }),
    };
    const worker = this.#makeWorker(parts, this.#started);
    this.#replicas.set(gate.replica, { ...parts, worker, isDraining: false });
    worker.start();
    // Who dies at the first call has connected after its death, as no process can.
    if (!gate.isAlive) disconnect(parts);
  }

  find(name: string): Replica | undefined {
    return this.#replicas.get(name);
  }

  /** Those that take messages. */
  receiving(): readonly Replica[] {
    return [...this.#replicas.values()].filter(({ isDraining }) => !isDraining);
  }

  /** The process is gone: another takes its place. */
  replace(name: string): void {
    const gone = this.#replicas.get(name);
    if (gone) disconnect(gone);
    this.#replicas.delete(name);
    const { scheduler, random } = this.#surroundings;
    scheduler.after(500 + random.below(RESTART_MS), () => this.start());
  }

  /** Ends it in order; another takes its place. */
  drain(replica: Replica | undefined): void {
    if (!replica?.gate.isAlive || replica.isDraining) return;
    replica.isDraining = true;
    // When the drain is over, the process ends.
    replica.gate.arrive(() => void replica.worker.drain().then(() => replica.gate.kill()));
  }

  /** Drains all of them, one after the other. */
  restart(): void {
    [...this.#replicas.values()].forEach((one, at) =>
      this.#surroundings.scheduler.after(at * ROLLING_MS, () => this.drain(one)),
    );
  }
}

function disconnect({ subscriber, letters }: Pick<Replica, 'subscriber' | 'letters'>): void {
  subscriber.stopReceiving();
  letters?.stopReceiving();
}
