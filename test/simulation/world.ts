// One simulated world: replicas, broker, warehouses and database, what they are asked to do, and what goes wrong meanwhile.
import { SeededRandom } from '../support/seeded-random.ts';
import { Brokers } from './brokers.ts';
import { Checker } from './checker.ts';
import { Errands } from './errands.ts';
import type { FaultKind, Operation } from './fault-kinds.ts';
import { FaultClock, type PlayedCall } from './fault-clock.ts';
import type { FaultPlan } from './fault-plans.ts';
import { checkEnd } from './final-checks.ts';
import { Fleet, type MakeWorker } from './fleet.ts';
import { Operator } from './operator.ts';
import type { Surroundings } from './gate.ts';
import { isTransformed } from './organizations.ts';
import { createReplica, MAX_CONCURRENT_JOBS, type Variant, type VariantSite } from './replica.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { SharedDatabase } from './shared-database.ts';
import { SimulatedModule } from './simulated-module.ts';
import { Strikes } from './strikes.ts';
import type { Trace } from './trace.ts';
import { Warehouses } from './warehouses.ts';
import { WatchedLog } from './watched-doubles.ts';
import { Witness } from './witness.ts';

/** After the last fault every job must have ended within this much virtual time. */
const LIVENESS_MS = 2 * 3_600_000;
/** A known-bad variant that hangs is not what it is run for: the next seed may show what it does wrong. */
const LIVENESS_OF_VARIANTS_MS = 5 * 60_000;
const MAX_STEPS = 400_000;
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

export class World {
  readonly scheduler = new Scheduler();
  readonly checker: Checker;
  readonly #parts: WorldParts;
  readonly #warehouses: Warehouses;
  readonly #brokers: Brokers;
  readonly #module = new SimulatedModule();
  readonly #faults: FaultClock;
  readonly #log: WatchedLog;
  readonly #fleet: Fleet;
  readonly #strikes: Strikes;
  readonly #witness: Witness;
  readonly #errands: Errands;
  readonly #site: Omit<VariantSite, 'gate'>;
  #databaseWorks = 0;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    const { scheduler } = this;
    const { scenario, database, trace } = parts;
    this.#site = { shared: new Map(), execute: (sql, ...given) => database.execute(sql, ...given) };
    const random = new SeededRandom(Math.imul(parts.seed, 0x9e3779b1) ^ 0x51ed270b);
    this.#log = new WatchedLog((caller, event, detail) => this.#witness.effect(caller, event, detail));
    this.#warehouses = new Warehouses(scheduler, this.#log, scenario.rowsPerMessage);
    this.#faults = new FaultClock(scheduler, parts.plan, parts.onFault);
    const topic = { scheduler, trace, facts: database.facts, checker: () => this.checker };
    this.#brokers = new Brokers(scenario, topic, (event) => this.#witness.message(event));
    const [warehouses, brokers] = [this.#warehouses, this.#brokers];
    const { jobs: broker, letters } = brokers;
    database.empty(() => scheduler.nowMicros());
    this.checker = new Checker({
      facts: database.facts,
      now: () => scheduler.nowMicros(),
      visible: (organizationId) => warehouses.visible(organizationId),
      quarantined: (organizationId) => warehouses.quarantined(organizationId),
      sourceRows: (organizationId, snapshot) => warehouses.exportedBy(organizationId, snapshot),
      maxRetries: scenario.maxRetries,
      hasWriteStream: (name) => warehouses.destination.stream(name) !== undefined,
      moduleWasExchanged: () => this.#module.wasExchanged,
      operatorNeeded: (organizationId, jobId) => this.#errands.resolve(organizationId, jobId),
      injectedReasons: this.#faults.injected,
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
    this.#fleet = new Fleet(surroundings, brokers, this.#workerMaker());
    this.#witness = new Witness({
      checker: this.checker,
      contentOf: (messageId) => broker.contentOf(messageId),
      deadLetters: () => broker.deadLetters,
      mayGiveUp: letters !== undefined,
      now: () => scheduler.nowMicros(),
      goesOnWorking: (replica) => this.#fleet.find(replica)?.isDraining === false,
    });
    this.#errands = new Errands({
      ...{ scenario, scheduler, warehouses, broker, letters, database },
      checker: this.checker,
      operator: this.#operator(surroundings),
      onAsked: () => this.#faults.stir(),
      onLastRound: () => this.#faults.end(),
    });
    const published = () => this.#errands.published();
    this.#strikes = new Strikes({
      ...{ scheduler, random, warehouses, broker, published },
      fleet: this.#fleet,
      module: this.#module,
      usesModule: scenario.organizations.some(isTransformed),
    });
  }

  /** Calls made so far, in order. */
  get calls(): readonly PlayedCall[] {
    return this.#faults.calls;
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
    while (!this.#errands.hasEnded(this.#faults.isQuiet) && checker.violations.length === 0) {
      steps += 1;
      await scheduler.step();
      if (this.#faults.isCalmFor(livenessMs) || steps > MAX_STEPS) {
        checker.violation(`I10: not everything has ended ${this.#errands.unfinished()}`);
        return;
      }
    }
    if (checker.violations.length === 0) this.#checkEnd();
  }

  /** What makes the workers of this world. */
  #workerMaker(): MakeWorker {
    const { seed, scenario, database, variant } = this.#parts;
    const { publisher } = this.#brokers;
    return ({ gate, subscriber, letters }, number) =>
      createReplica({
        gate,
        seed: seed + 1_000_003 * number,
        scenario,
        state: database.state,
        perform: (owner, operation, given, work) => this.#transaction(owner, operation, given, work),
        source: this.#warehouses.source,
        destination: this.#warehouses.destination,
        module: this.#module,
        subscriber,
        letters,
        publisher,
        onStranger: (operation, name) =>
          this.checker.violation(`I11: ${gate.replica} ${operation} touched ${name}`),
        onText: (text) => this.#witness.text(gate.replica, text),
        onAlert: ({ organizationId, jobId }) => void this.#witness.alerted.add(`${organizationId}/${jobId}`),
        onSwallowed: (stream) => this.#witness.swallowed(stream),
        variant,
        site: { gate, ...this.#site },
      });
  }

  #operator(surroundings: Surroundings): Operator {
    return new Operator({
      surroundings,
      state: this.#parts.database.state,
      perform: (owner, operation, given, work) => this.#transaction(owner, operation, given, work),
      publisher: this.#brokers.publisher,
      checker: this.checker,
      onAsked: () => this.#faults.stir(),
      variant: this.#parts.variant,
      site: this.#site,
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
    const { warehouseCalls } = this.#witness;
    const withoutEffect = this.#strikes.withoutEffect(replica);
    return this.#faults.next({ operation, replica, withoutEffect, warehouseCalls });
  }

  #checkEnd(): void {
    this.#brokers.topic?.checkEnd();
    checkEnd(this.checker, {
      scenario: this.#parts.scenario,
      hasLastJobs: this.#errands.hasBegun('copies'),
      hasReplayed: this.#errands.hasBegun('replay'),
      warehouseViolations: this.#log.violations,
      deadLetters: this.#brokers.jobs.deadLetters,
      givenUp: this.#brokers.givenUp,
      alerted: this.#witness.alerted,
      sourceRows: (organizationId) => this.#warehouses.exported(organizationId),
      visible: (organizationId) => this.#warehouses.visible(organizationId),
    });
  }
}
