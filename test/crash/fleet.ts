// A few replicas, each replaced as soon as it ends; every new one comes with its own strikes until enough have hit.
import type { Daemon } from '../support/daemon.ts';
import { Handovers } from './handovers.ts';
import type { Ground } from './ground.ts';
import { untilStopped } from './process-state.ts';
import type { Report, Strike } from './strike.ts';
import { trace } from './trace.ts';

/** A strike that hit, and the process it hit. */
export type Hit = { readonly strike: Strike; readonly pid: number };

export type FleetOptions = {
  readonly ground: Ground;
  readonly replicas: number;
  /** Strikes for the next process; asked while more hits are wanted. */
  readonly nextStrikes: () => readonly Strike[];
  /** Hits after which processes are left in peace. */
  readonly hitsWanted: number;
  /** What is done while a process lies stopped; it goes on when this resolves. */
  readonly whileStopped?: (fleet: Fleet, daemon: Daemon, hit: Hit) => Promise<void>;
};

const UNEXPLAINED_ENOUGH = 10;

export class Fleet {
  readonly hits: Hit[] = [];
  readonly handovers = new Handovers();
  /** Processes started, and rows sent to the destination. */
  started = 0;
  appendedRows = 0;
  /** Processes that lie stopped just now. */
  asleep = 0;
  /** Ends that no strike explains, and faults that could not be brought about. */
  readonly unexplained: string[] = [];
  readonly #options: FleetOptions;
  readonly #alive = new Set<Daemon>();
  readonly #all: Daemon[] = [];
  readonly #watching: Promise<unknown>[] = [];
  #closing = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get satisfied(): boolean {
    return this.hits.length >= this.#options.hitsWanted;
  }

  /** What any process ever logged that matches. */
  logged(pattern: RegExp): string[] {
    return this.#all.flatMap((daemon) => daemon.logged(pattern).map(({ message }) => message));
  }

  start(): void {
    const slots = Array.from({ length: this.#options.replicas }, () => this.#keepOneAlive());
    this.#running = Promise.all(slots);
    // Seen by stop(); until then nobody listens.
    this.#running.catch(() => undefined);
  }

  /** Asks all to stop in good order; resolves with their exit codes. */
  async stop(): Promise<readonly (number | NodeJS.Signals)[]> {
    this.#closing = true;
    const last = [...this.#alive];
    for (const daemon of last) daemon.signal('SIGTERM');
    const codes = await Promise.all(last.map((daemon) => this.#codeOf(daemon)));
    await this.#running;
    await Promise.all(this.#watching);
    return codes;
  }

  /** A process that was asked before it had begun anything may end by the signal itself, as every program does. */
  async #codeOf(daemon: Daemon): Promise<number | NodeJS.Signals> {
    const code = await daemon.ended;
    return code === 'SIGTERM' && daemon.logged(/./).length === 0 ? 0 : code;
  }

  async #keepOneAlive(): Promise<void> {
    // Processes that end by themselves would be replaced for ever.
    while (!this.#closing && this.unexplained.length < UNEXPLAINED_ENOUGH) {
      const { ground, nextStrikes } = this.#options;
      const strikes = this.satisfied ? [] : nextStrikes();
      const hits: Hit[] = [];
      const daemon = await ground.start(strikes, (report) => this.#take(daemon, report, hits));
      this.#alive.add(daemon);
      this.#all.push(daemon);
      this.started += 1;
      trace('started', { pid: daemon.pid, strikes });
      const end = await daemon.ended;
      this.#alive.delete(daemon);
      trace('ended', { pid: daemon.pid, end, complaints: complaints(daemon) });
      this.#explain(daemon, end, hits);
    }
  }

  #take(daemon: Daemon, report: Report, hits: Hit[]): void {
    if (report.kind !== 'appended') trace(report.kind, { pid: daemon.pid, ...report });
    if (report.kind === 'claimed') this.handovers.claimed(daemon.pid, report);
    else if (report.kind === 'appended') this.appendedRows += report.rows;
    else {
      const hit = { strike: report.strike, pid: daemon.pid };
      hits.push(hit);
      this.hits.push(hit);
      if (report.strike.signal === 'SIGSTOP') this.#watching.push(this.#whileStopped(daemon, hit));
      else this.handovers.left(daemon.pid, report.strike.signal);
    }
  }

  async #whileStopped(daemon: Daemon, hit: Hit): Promise<void> {
    this.asleep += 1;
    try {
      // It reports before it signals itself: a SIGCONT sent now could arrive first and be lost.
      await untilStopped(daemon);
      await this.#options.whileStopped?.(this, daemon, hit);
    } catch (error) {
      this.unexplained.push(`while ${daemon.pid} lay stopped: ${String(error)}`);
    } finally {
      this.asleep -= 1;
      daemon.signal('SIGCONT');
    }
  }

  #explain(daemon: Daemon, end: number | NodeJS.Signals, hits: readonly Hit[]): void {
    const signals = hits.map(({ strike }) => strike.signal).filter((signal) => signal !== 'SIGSTOP');
    const owed = signals.at(-1) === 'SIGKILL' ? 'SIGKILL' : signals.length > 1 ? 143 : 0;
    // At the end all are asked to stop, and stop() looks at their codes.
    if (this.#closing || (signals.length > 0 && end === owed)) return;
    const last = daemon.logged(/./).at(-1)?.message ?? 'nothing';
    this.unexplained.push(
      `${daemon.pid} ended with ${end} after ${signals.join(', ') || 'no strike'}: ${daemon.errors()} ${last}`,
    );
  }
}

function complaints(daemon: Daemon): string[] {
  return daemon.logged(/"level":"(warn|error)"/).map(({ message }) => message);
}
