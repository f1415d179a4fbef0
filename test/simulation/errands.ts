// Everything a simulated world is asked for, and whether it has come to its end.
import type { Checker } from './checker.ts';
import { verifyOf } from './random-scenario.ts';
import type { Operator } from './operator.ts';
import { requestOf, type Act, type Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { copiesOf } from './simulated-module.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { Warehouses } from './warehouses.ts';
import type { WatchedBroker } from './watched-doubles.ts';

/** Until somebody reads an alert. */
const OPERATOR_MS = 5_000;

/** Whom it is asked of. */
export type ErrandParts = {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly warehouses: Warehouses;
  readonly broker: WatchedBroker;
  /** The dead-letter subscription, where it is filed. */
  readonly letters: WatchedBroker | undefined;
  readonly database: SharedDatabase;
  readonly checker: Checker;
  readonly operator: Operator;
  /** Told whenever something is asked for. */
  readonly onAsked: () => void;
  /** Told when from now on nothing may go wrong any more. */
  readonly onLastRound: () => void;
};

/** Asked for in this order: all dead letters replayed, one more copy of every organization, comparisons, which find rows that came late. */
export type LastRound = 'replay' | 'copies' | 'comparisons';

export class Errands {
  readonly #parts: ErrandParts;
  #published = 0;
  #exported = 0;
  #toDo: number;
  #acted = 0;
  readonly #lastRounds: LastRound[];
  readonly #begun = new Set<LastRound>();
  #seen = -1;

  constructor(parts: ErrandParts) {
    this.#parts = parts;
    const { acts, lastJobs } = parts.scenario;
    this.#toDo = acts.length;
    this.#lastRounds = [
      ...(acts.some(({ kind }) => kind === 'replay') ? (['replay'] as const) : []),
      ...(lastJobs ? (['copies', 'comparisons'] as const) : []),
    ];
  }

  /** Each at its time from now on. */
  begin(): void {
    const { scenario, scheduler, warehouses } = this.#parts;
    for (const organizationId of scenario.organizations) warehouses.addSource(organizationId);
    for (const one of scenario.exports)
      scheduler.after(one.atMs, () => {
        this.#exported += 1;
        warehouses.export(one);
      });
    for (const { atMs, body } of scenario.requests)
      scheduler.after(atMs, () => {
        this.#published += 1;
        this.#parts.onAsked();
        this.#parts.broker.publish(body);
      });
    for (const act of scenario.acts) scheduler.after(act.atMs, () => this.#act(act));
  }

  /** The bodies of the messages published so far, those of the last round excepted. */
  published(): readonly string[] {
    return this.#parts.scenario.requests.slice(0, this.#published).map(({ body }) => body);
  }

  /** Whether this was asked for once nothing went wrong any more. */
  hasBegun(round: LastRound): boolean {
    return this.#begun.has(round);
  }

  /** Whether all has ended by now; begins the last round when the rest has. Cheap to ask after every event. */
  hasEnded(isQuiet: boolean): boolean {
    if (!this.#hasMoved(isQuiet) || !isQuiet) return false;
    const { requests, exports } = this.#parts.scenario;
    if (this.#published < requests.length || this.#exported < exports.length) return false;
    if (this.#acted < this.#toDo || this.unfinished() !== '') return false;
    return !this.#beginLastRound();
  }

  /** The jobs that have not ended and the messages that are not acked, in words; empty when there are none. */
  unfinished(): string {
    const { checker, broker, letters, scenario, database } = this.#parts;
    const isEnded = (status: string): boolean => ['SUCCESS', 'FAILED', 'CANCELLED'].includes(status);
    const open = checker
      .jobs()
      .filter(({ status }) => !isEnded(status))
      .map((job) => `${job.organization_id}/${job.job_id} is ${job.status}: ${job.error_message}`);
    const ids = [...broker.unacked(), ...(letters?.unacked() ?? [])];
    const unacked = ids.map((id) => `message ${id} is not acked`);
    const unsent = scenario.outbox ? database.facts.unsent() : 0;
    return [...open, ...unacked, ...(unsent > 0 ? [`${unsent} alerts and letters are not sent`] : [])].join(
      '; ',
    );
  }

  /** Whether anything happened since this was asked last that may have ended the world. */
  #hasMoved(isQuiet: boolean): boolean {
    const { scenario, database, checker, broker, letters } = this.#parts;
    const sent = scenario.outbox ? database.facts.changes() : 0;
    // Each of them only grows, so that their sum says as much.
    const moves =
      checker.statusChanges +
      this.#exported +
      this.#acted +
      broker.events.length +
      (letters?.events.length ?? 0) +
      sent;
    const seen = 2 * moves + (isQuiet ? 1 : 0);
    if (seen === this.#seen) return false;
    this.#seen = seen;
    return true;
  }

  /** Without faults, what is next of the last rounds; false when nothing is. */
  #beginLastRound(): boolean {
    const round = this.#lastRounds.shift();
    if (!round) return false;
    this.#begun.add(round);
    this.#parts.onLastRound();
    if (round === 'replay') {
      this.#toDo += 1;
      this.#act({ kind: 'replay', atMs: 0 });
      return true;
    }
    const { scenario, broker } = this.#parts;
    const isCopying = round === 'copies';
    const asked = isCopying
      ? scenario.organizations
      : scenario.organizations.filter((id) => this.#hasLateRows(id));
    for (const id of asked)
      broker.publish((isCopying ? requestOf(0, id, 'last') : verifyOf(0, id, 'last-verify')).body);
    return asked.length > 0;
  }

  #hasLateRows(organizationId: string): boolean {
    const { warehouses } = this.#parts;
    const copies = copiesOf(organizationId, warehouses.exported(organizationId));
    return copies.length !== warehouses.visible(organizationId).length;
  }

  /** Somebody is told of a job that needs a person, and settles it after a while. */
  resolve(organizationId: string, jobId: string): void {
    this.#toDo += 1;
    const act = { kind: 'resolve', atMs: 0, organizationId, jobId } as const;
    this.#parts.scheduler.after(OPERATOR_MS, () => this.#act(act));
  }

  #act(act: Act): void {
    void this.#parts.operator.act(act).then(() => (this.#acted += 1));
  }
}
