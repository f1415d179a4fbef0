// One simulated world: replicas, broker, warehouses and database, what they are asked to do, and what goes wrong meanwhile.
import { SeededRandom } from '../support/seeded-random.ts';
import { Checker } from './checker.ts';
import { Errands } from './errands.ts';
import {
  isLoss,
  TERMINAL_REASONS,
  type Fault,
  type FaultKind,
  type Operation,
  type WorldFault,
} from './fault-kinds.ts';
import type { FaultPlan } from './fault-plans.ts';
import { checkEnd } from './final-checks.ts';
import { Fleet, type MakeWorker } from './fleet.ts';
import { effectMs, type Surroundings } from './gate.ts';
import { createReplica, MAX_CONCURRENT_JOBS, type Variant } from './replica.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { SharedDatabase } from './shared-database.ts';
import { Strikes } from './strikes.ts';
import type { Trace } from './trace.ts';
import { Warehouses } from './warehouses.ts';
import { WatchedBroker, WatchedLog } from './watched-doubles.ts';
import { Witness } from './witness.ts';

/** After the last fault every job must have ended within this much virtual time. */
const LIVENESS_MS = 2 * 3_600_000;
/** A known-bad variant that hangs is not what it is run for: the next seed may show what it does wrong. */
const LIVENESS_OF_VARIANTS_MS = 5 * 60_000;
const MAX_STEPS = 400_000;
/** In this time whoever wakes from a fault has learnt what it missed. */
const AFTERMATH_MS = 4_000;

export type WorldParts = {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly plan: FaultPlan;
  readonly database: SharedDatabase;
  readonly trace: Trace;
  /** Told of every fault that was injected. */
  readonly onFault: (kind: FaultKind, operation: Operation) => void;
  readonly variant?: Variant | undefined;
};

/** A call as it was made, and which faults of its surroundings would have changed nothing then. */
export type PlayedCall = {
  readonly operation: Operation;
  readonly replica: string;
  readonly atMs: number;
  readonly withoutEffect: readonly WorldFault[];
  /** How many calls the warehouses had carried out by then. */
  readonly warehouseCalls: number;
};

export class World {
  readonly scheduler = new Scheduler();
  readonly checker: Checker;
  /** Calls made so far, in order. */
  readonly calls: PlayedCall[] = [];
  readonly #parts: WorldParts;
  readonly #warehouses: Warehouses;
  readonly #broker: WatchedBroker;
  readonly #log: WatchedLog;
  readonly #fleet: Fleet;
  readonly #strikes: Strikes;
  readonly #witness: Witness;
  readonly #errands: Errands;
  /** Terminal reasons that were injected so far. */
  readonly #injected = new Set<string>();
  #faultsOver = false;
  #calmSinceMs = 0;
  #quietAtMs = 0;
  #databaseWorks = 0;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    const { scheduler } = this;
    const { scenario, database, trace } = parts;
    const random = new SeededRandom(Math.imul(parts.seed, 0x9e3779b1) ^ 0x51ed270b);
    this.#log = new WatchedLog((caller, event, detail) => this.#witness.effect(caller, event, detail));
    this.#warehouses = new Warehouses(scheduler, this.#log, scenario.rowsPerMessage);
    this.#broker = new WatchedBroker(scheduler, (event) => {
      trace.event(scheduler.nowMs(), `broker ${event.kind} ${event.messageId} ${event.subscriber ?? ''}`);
      this.#witness.message(event);
    });
    const [warehouses, broker] = [this.#warehouses, this.#broker];
    database.empty(() => scheduler.nowMicros());
    this.checker = new Checker({
      facts: database.facts,
      now: () => scheduler.nowMicros(),
      visible: (organizationId) => warehouses.visible(organizationId),
      sourceRows: (organizationId, snapshot) => warehouses.exportedBy(organizationId, snapshot),
      maxRetries: scenario.maxRetries,
      injectedReasons: this.#injected,
    });
    const surroundings: Surroundings = {
      scheduler,
      random,
      trace,
      faultOf: (replica, operation) => this.#faultOf(replica, operation),
      databaseAnswers: () => this.#strikes.databaseAnswers(),
      strike: (fault, replica, ms) => this.#strikes.strike(fault, replica, ms),
      onKilled: (replica) => this.#fleet.replace(replica),
    };
    this.#fleet = new Fleet(surroundings, broker, this.#workerMaker());
    this.#witness = new Witness({
      checker: this.checker,
      contentOf: (messageId) => broker.contentOf(messageId),
      deadLetters: () => broker.deadLetters,
      goesOnWorking: (replica) => this.#fleet.find(replica)?.isDraining === false,
    });
    this.#errands = new Errands({
      ...{ scenario, scheduler, warehouses, broker, database, trace },
      checker: this.checker,
      transaction: (operation, work) => this.#transaction('operator', operation, [], work),
      onAsked: () => (this.#calmSinceMs = scheduler.nowMs()),
      onLastRound: () => this.#endFaults(),
    });
    const published = () => this.#errands.published();
    this.#strikes = new Strikes({ scheduler, random, warehouses, broker, fleet: this.#fleet, published });
  }

  /** Whether a transaction is being carried out in this very step. */
  get isDatabaseWork(): boolean {
    return this.#databaseWorks > 0;
  }

  /** Runs until everything asked for has come to its end, or something is wrong. */
  async run(): Promise<void> {
    const { scheduler, checker } = this;
    this.#errands.begin();
    for (let started = 0; started < this.#parts.scenario.replicas; started += 1) this.#fleet.start();
    const livenessMs = this.#parts.variant ? LIVENESS_OF_VARIANTS_MS : LIVENESS_MS;
    let steps = 0;
    while (!this.#errands.hasEnded(scheduler.nowMs() >= this.#quietAtMs) && checker.violations.length === 0) {
      steps += 1;
      await scheduler.step();
      if (scheduler.nowMs() > this.#calmSinceMs + livenessMs || steps > MAX_STEPS) {
        checker.violation(`I10: not everything has ended ${this.#errands.unfinished()}`);
        return;
      }
    }
    if (checker.violations.length === 0) this.#checkEnd();
  }

  /** What makes the workers of this world. */
  #workerMaker(): MakeWorker {
    const { seed, scenario, database, variant } = this.#parts;
    const shared = new Map<string, unknown>();
    return (gate, subscriber, number) =>
      createReplica({
        gate,
        seed: seed + 1_000_003 * number,
        scenario,
        state: database.state,
        perform: (owner, operation, given, work) => this.#transaction(owner, operation, given, work),
        source: this.#warehouses.source,
        destination: this.#warehouses.destination,
        subscriber,
        publisher: this.#broker,
        onStranger: (operation, name) =>
          this.checker.violation(`I11: ${gate.replica} ${operation} touched ${name}`),
        onText: (text) => this.#witness.text(gate.replica, text),
        onAlert: ({ organizationId, jobId }) => void this.#witness.alerted.add(`${organizationId}/${jobId}`),
        onSwallowed: (stream) => this.#witness.swallowed(stream),
        variant,
        site: { gate, shared, execute: (sql, ...given) => database.execute(sql, ...given) },
      });
  }

  async #transaction(
    owner: string,
    operation: string,
    given: readonly unknown[],
    work: () => Promise<unknown>,
  ): Promise<unknown> {
    this.#databaseWorks += 1;
    try {
      return await work();
    } finally {
      this.#databaseWorks -= 1;
      this.checker.afterTransaction(owner, operation, given);
      const running = this.#fleet.find(owner)?.worker.state().running ?? 0;
      if (running > MAX_CONCURRENT_JOBS) this.checker.violation(`I13: ${owner} runs ${running} jobs at once`);
    }
  }

  #faultOf(replica: string, operation: Operation) {
    const [atMs, { warehouseCalls }] = [this.scheduler.nowMs(), this.#witness];
    const withoutEffect = this.#strikes.withoutEffect(replica);
    this.calls.push({ operation, replica, atMs, withoutEffect, warehouseCalls });
    const call = { index: this.calls.length, replica, operation };
    if (!this.#faultsOver && call.index >= this.#parts.plan.horizon) this.#endFaults();
    const fault = this.#faultsOver ? undefined : this.#parts.plan.faultAt(call);
    if (fault) this.#noteFault(fault, operation);
    return { call, fault };
  }

  #noteFault(fault: Fault, operation: Operation): void {
    this.#parts.onFault(fault.kind, operation);
    if (fault.kind === 'error_terminal')
      this.#injected.add(TERMINAL_REASONS[fault.choice % TERMINAL_REASONS.length]!);
    this.#calmSinceMs = this.scheduler.nowMs();
    // Nobody wakes from a loss: whoever asks for what is lost has not ended.
    if (isLoss(fault.kind)) return;
    this.#quietAtMs = Math.max(this.#quietAtMs, this.scheduler.nowMs() + effectMs(fault) + AFTERMATH_MS);
  }

  #endFaults(): void {
    this.#faultsOver = true;
    this.#calmSinceMs = this.scheduler.nowMs();
  }

  #checkEnd(): void {
    checkEnd(this.checker, {
      scenario: this.#parts.scenario,
      hasLastJobs: this.#errands.hasLastJobs,
      warehouseViolations: this.#log.violations,
      deadLetters: this.#broker.deadLetters,
      alerted: this.#witness.alerted,
      sourceRows: (organizationId) => this.#warehouses.exported(organizationId),
      visible: (organizationId) => this.#warehouses.visible(organizationId),
    });
  }
}
