// One simulated world: replicas, broker, warehouses and database, what they are asked to do, and what goes wrong meanwhile.
import type { Worker } from '../../src/worker/worker.ts';
import type { BrokerEvent } from '../support/fake-broker.ts';
import type { FakeSubscriber } from '../support/fake-subscriber.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { StrictWarehouse } from '../support/strict-warehouse/strict-warehouse.ts';
import { Checker } from './checker.ts';
import {
  isLoss,
  TERMINAL_REASONS,
  type Fault,
  type FaultKind,
  type Operation,
  type WorldFault,
} from './fault-kinds.ts';
import type { FaultPlan } from './fault-plans.ts';
import { checkEnd, hasLetterOfMessage } from './final-checks.ts';
import { effectMs, Gate, type Surroundings } from './gate.ts';
import { isStaging } from './gated-sides.ts';
import { destinationOf, isPushedDown, SECRET, SOURCE_SCHEMA, sourceOf } from './organizations.ts';
import { verifyOf } from './random-scenario.ts';
import { createReplica, MAX_CONCURRENT_JOBS, type Variant } from './replica.ts';
import { requestOf, type Act, type Export, type Request, type Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { Trace } from './trace.ts';
import { WatchedBroker, WatchedLog } from './watched-doubles.ts';

/** After the last fault every job must have ended within this much virtual time. */
const LIVENESS_MS = 2 * 3_600_000;
/** A known-bad variant that hangs is not what it is run for: the next seed may show what it does wrong. */
const LIVENESS_OF_VARIANTS_MS = 5 * 60_000;
const MAX_STEPS = 400_000;
/** A process that died is replaced within this time. */
const RESTART_MS = 8_000;
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

type Replica = {
  readonly gate: Gate;
  readonly worker: Worker;
  readonly subscriber: FakeSubscriber;
  isDraining: boolean;
};

export class World {
  readonly scheduler = new Scheduler();
  readonly checker: Checker;
  /** Calls made so far, in order. */
  readonly calls: PlayedCall[] = [];
  readonly #parts: WorldParts;
  readonly #random: SeededRandom;
  readonly #source: StrictWarehouse;
  readonly #destination: StrictWarehouse;
  readonly #broker: WatchedBroker;
  readonly #log: WatchedLog;
  readonly #replicas = new Map<string, Replica>();
  readonly #injected = new Set<string>();
  readonly #shared = new Map<string, unknown>();
  readonly #surroundings: Surroundings;
  /** Write streams whose acknowledgements were untrue. */
  readonly #untrue = new Set<string>();
  /** Names of the jobs whose failure somebody was told of. */
  readonly #alerted = new Set<string>();
  #incarnations = 0;
  #warehouseCalls = 0;
  #publishedRequests = 0;
  #exported = 0;
  #acted = 0;
  #faultsOver = false;
  #calmSinceMs = 0;
  #quietAtMs = 0;
  #databaseBackAtMs = 0;
  #databaseWorks = 0;
  #lastRound: 'not yet' | 'copies' | 'comparisons' = 'not yet';
  #seen = -1;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    this.#random = new SeededRandom(Math.imul(parts.seed, 0x9e3779b1) ^ 0x51ed270b);
    this.#log = new WatchedLog((caller, event, detail) => this.#onEffect(caller, event, detail));
    const shared = { clock: this.scheduler, now: () => this.scheduler.nowMicros(), log: this.#log };
    const { rowsPerMessage } = parts.scenario;
    this.#source = new StrictWarehouse({ ...shared, project: 'source-env', location: 'EU', rowsPerMessage });
    this.#destination = new StrictWarehouse({ ...shared, project: 'destination-env', location: 'US' });
    this.#broker = new WatchedBroker(this.scheduler, (event) => this.#onBrokerEvent(event));
    parts.database.empty(() => this.scheduler.nowMicros());
    this.checker = new Checker({
      facts: parts.database.facts,
      now: () => this.scheduler.nowMicros(),
      visible: (organizationId) => this.#destinationRows(organizationId),
      sourceRows: (organizationId, snapshot) =>
        this.#sourceWarehouse(organizationId).existing(sourceOf(organizationId)).asOf(snapshot),
      maxRetries: parts.scenario.maxRetries,
      injectedReasons: this.#injected,
    });
    this.#surroundings = {
      scheduler: this.scheduler,
      random: this.#random,
      trace: parts.trace,
      faultOf: (replica, operation) => this.#faultOf(replica, operation),
      databaseAnswers: () => this.scheduler.nowMs() >= this.#databaseBackAtMs,
      strike: (fault, replica, ms) => this.#strike(fault, replica, ms),
      onKilled: (replica) => this.#replace(replica),
    };
  }

  /** Whether a transaction is being carried out in this very step. */
  get isDatabaseWork(): boolean {
    return this.#databaseWorks > 0;
  }

  /** Runs until everything asked for has come to its end, or something is wrong. */
  async run(): Promise<void> {
    const { scenario } = this.#parts;
    for (const organizationId of scenario.organizations)
      this.#sourceWarehouse(organizationId).addTable(sourceOf(organizationId), SOURCE_SCHEMA);
    for (const one of scenario.exports) this.scheduler.after(one.atMs, () => this.#export(one));
    for (const request of scenario.requests) this.scheduler.after(request.atMs, () => this.#publish(request));
    for (const act of scenario.acts) this.scheduler.after(act.atMs, () => void this.#act(act));
    for (let started = 0; started < scenario.replicas; started += 1) this.#start();
    const livenessMs = this.#parts.variant ? LIVENESS_OF_VARIANTS_MS : LIVENESS_MS;
    let steps = 0;
    while (!this.#hasEnded() && this.checker.violations.length === 0) {
      steps += 1;
      await this.scheduler.step();
      if (this.scheduler.nowMs() > this.#calmSinceMs + livenessMs || steps > MAX_STEPS) {
        this.checker.violation(`I10: not everything has ended ${this.#unfinished()}`);
        return;
      }
    }
    if (this.checker.violations.length === 0) this.#checkEnd();
  }

  #start(): void {
    this.#incarnations += 1;
    const gate = new Gate(this.#surroundings, `r${this.#incarnations}`);
    const subscriber = this.#broker.subscriber(gate.replica, { maxOutstanding: 50 });
    const { seed, scenario, database, variant } = this.#parts;
    const worker = createReplica({
      gate,
      seed: seed + 1_000_003 * this.#incarnations,
      scenario,
      state: database.state,
      perform: (owner, operation, given, work) => this.#transaction(owner, operation, given, work),
      source: this.#source,
      destination: this.#destination,
      subscriber,
      publisher: this.#broker,
      onStranger: (operation, name) =>
        this.checker.violation(`I11: ${gate.replica} ${operation} touched ${name}`),
      onText: (text) => this.#onText(gate.replica, text),
      onAlert: ({ organizationId, jobId }) => void this.#alerted.add(`${organizationId}/${jobId}`),
      onSwallowed: (stream) => void this.#untrue.add(stream),
      variant,
      site: { gate, shared: this.#shared, execute: (sql, ...given) => database.execute(sql, ...given) },
    });
    this.#replicas.set(gate.replica, { gate, worker, subscriber, isDraining: false });
    worker.start();
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
      const running = this.#replicas.get(owner)?.worker.state().running ?? 0;
      if (running > MAX_CONCURRENT_JOBS) this.checker.violation(`I13: ${owner} runs ${running} jobs at once`);
    }
  }

  #faultOf(replica: string, operation: Operation) {
    const withoutEffect = this.#withoutEffect(replica);
    const [atMs, warehouseCalls] = [this.scheduler.nowMs(), this.#warehouseCalls];
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

  #strike(fault: WorldFault, name: string, ms: number): void {
    const replica = this.#replicas.get(name);
    switch (fault) {
      case 'duplicate_delivery':
        return this.#deliverAgain();
      case 'same_job_published_again':
        return this.#publishAgain();
      case 'stream_cut':
        replica?.subscriber.cut();
        return this.scheduler.after(ms, () => replica?.subscriber.reconnect());
      case 'read_sessions_lost':
        return this.#source.loseReadSessions();
      case 'write_streams_lost':
        return this.#destination.loseWriteStreams();
      case 'committed_streams_forgotten':
        return this.#destination.loseWriteStreams({ forgetCommitted: true });
      case 'database_outage':
        this.#databaseBackAtMs = Math.max(this.#databaseBackAtMs, this.scheduler.nowMs() + ms);
        return;
      case 'drain':
        return this.#drain(replica);
      case 'rolling_restart':
        [...this.#replicas.values()].forEach((one, at) =>
          this.scheduler.after(at * 2_000, () => this.#drain(one)),
        );
    }
  }

  #withoutEffect(name: string): readonly WorldFault[] {
    const idle: WorldFault[] = [];
    if (!this.#source.hasReadSessions) idle.push('read_sessions_lost');
    if (!this.#destination.hasWriteStreams(false)) idle.push('write_streams_lost');
    // Without one that is committed it is the loss of the others only.
    if (!this.#destination.hasWriteStreams(true)) idle.push('committed_streams_forgotten');
    if (this.#replicas.get(name)?.isDraining) idle.push('drain');
    return idle;
  }

  #deliverAgain(): void {
    const alive = [...this.#replicas.values()].filter(({ isDraining }) => !isDraining);
    const ids = this.#broker.eventsOf('delivered').map(({ messageId }) => messageId);
    if (alive.length === 0 || ids.length === 0) return;
    this.#broker.duplicate(this.#random.pick(ids), this.#random.pick(alive).subscriber);
  }

  #publishAgain(): void {
    const published = this.#parts.scenario.requests.slice(0, this.#publishedRequests);
    if (published.length > 0) this.#broker.publish(this.#random.pick(published).body);
  }

  #drain(replica: Replica | undefined): void {
    if (!replica?.gate.isAlive || replica.isDraining) return;
    replica.isDraining = true;
    // When the drain is over, the process ends.
    replica.gate.arrive(() => void replica.worker.drain().then(() => replica.gate.kill()));
  }

  #replace(name: string): void {
    this.#replicas.get(name)?.subscriber.stopReceiving();
    this.#replicas.delete(name);
    this.scheduler.after(500 + this.#random.below(RESTART_MS), () => this.#start());
  }

  #export({ organizationId, rows }: Export): void {
    this.#exported += 1;
    if (rows.length > 0) this.#sourceWarehouse(organizationId).addRows(sourceOf(organizationId), rows);
  }

  /** An operator's transaction, which nothing goes wrong with. */
  async #act(act: Act): Promise<void> {
    const { jobs, organizations } = this.#parts.database.state;
    const { organizationId, kind } = act;
    this.#parts.trace.event(this.scheduler.nowMs(), `operator ${kind} ${organizationId}`);
    if (kind === 'cancel') {
      this.checker.cancelWished(`${organizationId}/${act.jobId}`);
      await this.#transaction('operator', 'state.jobs.requestCancel', [], () => jobs.requestCancel(act));
    } else {
      if (kind === 'resume') this.checker.paused(organizationId, false);
      await this.#transaction('operator', `state.organizations.${kind}`, [], () =>
        organizations[kind](organizationId),
      );
      if (kind === 'pause') this.checker.paused(organizationId, true);
    }
    this.#acted += 1;
  }

  #sourceWarehouse(organizationId: string): StrictWarehouse {
    return isPushedDown(organizationId) ? this.#destination : this.#source;
  }

  #publish({ body }: Request): void {
    this.#publishedRequests += 1;
    this.#calmSinceMs = this.scheduler.nowMs();
    this.#broker.publish(body);
  }

  #hasEnded(): boolean {
    if (!this.#hasMoved() || this.scheduler.nowMs() < this.#quietAtMs) return false;
    const { requests, exports, acts, lastJobs } = this.#parts.scenario;
    if (this.#publishedRequests < requests.length || this.#exported < exports.length) return false;
    if (this.#acted < acts.length || this.#unfinished() !== '') return false;
    return !lastJobs || !this.#beginLastRound();
  }

  /** Whether anything happened since this was asked last that may have ended the world. */
  #hasMoved(): boolean {
    const { outbox } = this.#parts.scenario;
    const sent = outbox ? this.#parts.database.facts.changes() : 0;
    const isQuiet = this.scheduler.nowMs() >= this.#quietAtMs;
    // Each of them only grows, so that their sum says as much; this is asked after every event.
    const moves =
      this.checker.statusChanges + this.#exported + this.#acted + this.#broker.events.length + sent;
    const seen = 2 * moves + (isQuiet ? 1 : 0);
    if (seen === this.#seen) return false;
    this.#seen = seen;
    return true;
  }

  /** Without faults: one more copy of every organization, and then a comparison, which finds rows that came late. */
  #beginLastRound(): boolean {
    if (this.#lastRound === 'comparisons') return false;
    this.#lastRound = this.#lastRound === 'not yet' ? 'copies' : 'comparisons';
    this.#endFaults();
    const late = this.#parts.scenario.organizations.filter((id) => this.#hasLateRows(id));
    const isCopying = this.#lastRound === 'copies';
    for (const id of isCopying ? this.#parts.scenario.organizations : late)
      this.#broker.publish((isCopying ? requestOf(0, id, 'last') : verifyOf(0, id, 'last-verify')).body);
    return isCopying || late.length > 0;
  }

  #hasLateRows(organizationId: string): boolean {
    const rows = this.#sourceWarehouse(organizationId).rows(sourceOf(organizationId));
    return rows.length !== this.#destinationRows(organizationId).length;
  }

  /** The jobs that have not ended and the messages that are not acked, in words; empty when there are none. */
  #unfinished(): string {
    const isEnded = (status: string): boolean => ['SUCCESS', 'FAILED', 'CANCELLED'].includes(status);
    const jobs = this.checker.jobs();
    const open = jobs
      .filter(({ status }) => !isEnded(status))
      .map((job) => `${job.organization_id}/${job.job_id} is ${job.status}: ${job.error_message}`);
    const unacked = this.#broker.unacked().map((id) => `message ${id} is not acked`);
    const unsent = this.#parts.scenario.outbox ? this.#parts.database.facts.unsent() : 0;
    return [...open, ...unacked, ...(unsent > 0 ? [`${unsent} alerts and letters are not sent`] : [])].join(
      '; ',
    );
  }

  #checkEnd(): void {
    checkEnd(this.checker, {
      scenario: this.#parts.scenario,
      hasLastJobs: this.#lastRound !== 'not yet',
      warehouseViolations: this.#log.violations,
      deadLetters: this.#broker.deadLetters,
      alerted: this.#alerted,
      sourceRows: (organizationId) => this.#sourceWarehouse(organizationId).rows(sourceOf(organizationId)),
      visible: (organizationId) => this.#destinationRows(organizationId),
    });
  }

  #destinationRows(organizationId: string) {
    return this.#destination.table(destinationOf(organizationId))?.rows ?? [];
  }

  #onEffect(caller: string, event: string, detail: Readonly<Record<string, unknown>>): void {
    if (event === 'call') this.#warehouseCalls += 1;
    if (event === 'committed') this.#onCommitted(detail);
    const stream = String(detail['stream']);
    if (event === 'finalized' && !this.#untrue.has(stream))
      this.checker.finalized(caller, stream, Number(detail['rows']));
  }

  /** Rows that wait in a staging table can be seen by nobody. */
  #onCommitted({ streams = [], jobId, rows }: Readonly<Record<string, unknown>>): void {
    const names = streams as readonly string[];
    if (names.some(isStaging)) return;
    const lineages = (rows as readonly { readonly lineage: unknown }[]).map(({ lineage }) => String(lineage));
    this.checker.commits.committed({ streams: names, jobId: jobId as string | undefined, lineages });
  }

  #onBrokerEvent({ kind, messageId, subscriber = '' }: BrokerEvent): void {
    this.#parts.trace.event(this.scheduler.nowMs(), `broker ${kind} ${messageId} ${subscriber}`);
    if (kind === 'acked') {
      const content = this.#broker.contentOf(messageId) as { organization_id?: string; job_id?: string };
      this.checker.acked(
        subscriber,
        content,
        content.job_id === undefined && hasLetterOfMessage(this.#broker.deadLetters),
      );
    }
    if (kind === 'nacked' && this.#replicas.get(subscriber)?.isDraining === false)
      this.checker.violation(`I13: ${subscriber} nacked ${messageId} although it goes on working`);
    if (kind === 'dead_lettered') this.checker.violation(`I10: the broker gave up on ${messageId}`);
  }

  /** I12 */
  #onText(replica: string, text: string): void {
    if (text.includes(SECRET))
      this.checker.violation(`I12: ${replica} would log the content of a row: ${text}`);
  }
}
