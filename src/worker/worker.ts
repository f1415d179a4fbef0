/** The daemon's life: it starts, holds messages and runs jobs, drains, and is stopped. */
import type { ConnectionState, DeliverySource } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldMessages } from './held-messages.ts';
import { RunningJobs } from './running-jobs.ts';
import type { WorkerContext } from './worker-context.ts';

/** `draining`: nothing new is taken in, running jobs stop at their next checkpoint; `stopped` is final. */
export type WorkerPhase = 'created' | 'running' | 'draining' | 'stopped';

/** What a probe or a page wants to know of the worker. */
export type WorkerState = {
  readonly phase: WorkerPhase;
  readonly databaseReachable: boolean;
  readonly connection: ConnectionState;
  /** Heartbeats begun so far, answered or not. */
  readonly beats: number;
  readonly running: number;
  readonly parked: number;
  readonly held: number;
  /** A job whose run neither moves nor stops: only the end of this process frees what it holds. */
  readonly stuckJob: string | undefined;
};

/** Something that goes on beside the jobs until the worker drains, such as the reaper; never rejects. */
export type BackgroundTask = (context: WorkerContext, signal: AbortSignal) => Promise<void>;

export class Worker {
  readonly #context: WorkerContext;
  readonly #deliveries: DeliverySource;
  readonly #dispatcher: Dispatcher;
  readonly #heartbeat: Heartbeat;
  readonly #tasks: readonly BackgroundTask[];
  readonly #draining = new AbortController();
  readonly #stopBeating = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #drained: Promise<number> | undefined;
  #phase: WorkerPhase = 'created';

  constructor(collaborators: Omit<WorkerContext, 'held' | 'running'>, tasks: readonly BackgroundTask[] = []) {
    this.#context = { ...collaborators, held: new HeldMessages(), running: new RunningJobs() };
    this.#tasks = tasks;
    this.#deliveries = collaborators.deliveries;
    this.#dispatcher = new Dispatcher(this.#context);
    this.#heartbeat = new Heartbeat(this.#context);
  }

  /** Begins to receive messages; returns at once. */
  start(): void {
    if (this.#phase !== 'created') throw new Error(`the worker is ${this.#phase} and cannot be started`);
    this.#phase = 'running';
    this.#loops = Promise.all([
      this.#heartbeat.beat(this.#stopBeating.signal),
      this.#heartbeat.watchRuns(this.#stopBeating.signal),
      this.#dispatcher.wakeParked(this.#draining.signal, () => this.#heartbeat.databaseReachable),
      ...this.#tasks.map((task) => task(this.#context, this.#draining.signal)),
    ]);
    this.#deliveries.start((delivery) => this.#dispatcher.accept(delivery));
  }

  /**
   * Stops receiving, gives back what never started, stops running jobs at their next checkpoint and hands them over.
   * Resolves within the drain timeout, with the number of jobs that had not stopped by then; their leases run out.
   * A second call joins the first.
   */
  drain(): Promise<number> {
    return (this.#drained ??= this.#drainOnce());
  }

  async #drainOnce(): Promise<number> {
    const { services, settings, running } = this.#context;
    const done = new AbortController();
    const timeout = services.clock.sleep(settings.drainTimeoutMs, done.signal);
    // Broker and database may be out of reach by now: nothing below is waited for beyond the timeout.
    const inTime = (work: Promise<unknown>): Promise<unknown> => Promise.race([work, timeout]);
    this.#phase = 'draining';
    this.#deliveries.stopReceiving();
    this.#draining.abort();
    const released = this.#dispatcher.close();
    running.stopAll('drain');
    await inTime(Promise.all([released, this.#dispatcher.idle()]));
    this.#stopBeating.abort();
    await inTime(this.#loops);
    await inTime(this.#deliveries.close());
    await inTime(this.#sayGoodbye());
    done.abort();
    this.#phase = 'stopped';
    return running.size;
  }

  state(): WorkerState {
    const { held, running } = this.#context;
    return {
      phase: this.#phase,
      databaseReachable: this.#heartbeat.databaseReachable,
      connection: this.#deliveries.connection(),
      beats: this.#heartbeat.beats,
      running: running.size,
      parked: held.inPhase('parked').length,
      held: held.size,
      stuckJob: running.stuck,
    };
  }

  /** The next worker need not wait for this one's slot; without an answer its lease runs out all the same. */
  async #sayGoodbye(): Promise<void> {
    const { services, settings } = this.#context;
    await services.state.releaseWorkerSlot(settings.owner, settings.kind).catch(() => undefined);
  }
}
