// Everything a simulated world is asked for, and whether it has come to its end.
import type { Checker } from './checker.ts';
import { verifyOf } from './random-scenario.ts';
import { requestOf, type Act, type Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import type { SharedDatabase } from './shared-database.ts';
import type { Trace } from './trace.ts';
import type { Warehouses } from './warehouses.ts';
import type { WatchedBroker } from './watched-doubles.ts';

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
  readonly trace: Trace;
  /** Carries out an operator's transaction and has it looked at. */
  readonly transaction: (operation: string, work: () => Promise<unknown>) => Promise<unknown>;
  /** Told whenever something is asked for. */
  readonly onAsked: () => void;
  /** Told when from now on nothing may go wrong any more. */
  readonly onLastRound: () => void;
};

export class Errands {
  readonly #parts: ErrandParts;
  #published = 0;
  #exported = 0;
  #acted = 0;
  #lastRound: 'not yet' | 'copies' | 'comparisons' = 'not yet';
  #seen = -1;

  constructor(parts: ErrandParts) {
    this.#parts = parts;
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
    for (const act of scenario.acts) scheduler.after(act.atMs, () => void this.#act(act));
  }

  /** The bodies of the messages published so far, those of the last round excepted. */
  published(): readonly string[] {
    return this.#parts.scenario.requests.slice(0, this.#published).map(({ body }) => body);
  }

  get hasLastJobs(): boolean {
    return this.#lastRound !== 'not yet';
  }

  /** Whether all has ended by now; begins the last round when the rest has. Cheap to ask after every event. */
  hasEnded(isQuiet: boolean): boolean {
    if (!this.#hasMoved(isQuiet) || !isQuiet) return false;
    const { requests, exports, acts, lastJobs } = this.#parts.scenario;
    if (this.#published < requests.length || this.#exported < exports.length) return false;
    if (this.#acted < acts.length || this.unfinished() !== '') return false;
    return !lastJobs || !this.#beginLastRound();
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

  /** Without faults: one more copy of every organization, and then a comparison, which finds rows that came late. */
  #beginLastRound(): boolean {
    if (this.#lastRound === 'comparisons') return false;
    this.#lastRound = this.#lastRound === 'not yet' ? 'copies' : 'comparisons';
    const { scenario, broker } = this.#parts;
    this.#parts.onLastRound();
    const late = scenario.organizations.filter((id) => this.#hasLateRows(id));
    const isCopying = this.#lastRound === 'copies';
    for (const id of isCopying ? scenario.organizations : late)
      broker.publish((isCopying ? requestOf(0, id, 'last') : verifyOf(0, id, 'last-verify')).body);
    return isCopying || late.length > 0;
  }

  #hasLateRows(organizationId: string): boolean {
    const { warehouses } = this.#parts;
    return warehouses.exported(organizationId).length !== warehouses.visible(organizationId).length;
  }

  /** An operator's transaction, which nothing goes wrong with. */
  async #act(act: Act): Promise<void> {
    const { checker, database, scheduler, trace, transaction } = this.#parts;
    const { jobs, organizations } = database.state;
    const { organizationId, kind } = act;
    trace.event(scheduler.nowMs(), `operator ${kind} ${organizationId}`);
    if (kind === 'cancel') {
      checker.cancelWished(`${organizationId}/${act.jobId}`);
      await transaction('state.jobs.requestCancel', () => jobs.requestCancel(act));
    } else {
      if (kind === 'resume') checker.paused(organizationId, false);
      await transaction(`state.organizations.${kind}`, () => organizations[kind](organizationId));
      if (kind === 'pause') checker.paused(organizationId, true);
    }
    this.#acted += 1;
  }
}
