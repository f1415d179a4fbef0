// The boundary of one replica: whatever enters or leaves it passes here, and stops here when the replica is paused or dead.
import type { Clock } from '../../src/job/clock.ts';
import { TerminalError, TransientError } from '../../src/job/errors.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import {
  isWorldFault,
  TERMINAL_REASONS,
  TRANSIENT_REASONS,
  type Fault,
  type FaultKind,
  type Operation,
  type WorldFault,
} from './fault-kinds.ts';
import type { Call } from './fault-plans.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** What a gate needs of the world around it. */
export type Surroundings = {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly trace: Trace;
  /** The fault of the next call, counted. */
  faultOf(replica: string, operation: Operation): { readonly call: Call; readonly fault: Fault | undefined };
  /** Whether the database answers this call. */
  databaseAnswers(): boolean;
  strike(fault: WorldFault, replica: string, ms: number): void;
  onKilled(replica: string): void;
};

/** How the two ends of a call differ by seam. */
export type CallForm<T> = {
  /** What a service answers in band, for faults that are such an answer. */
  readonly refusal?: ((choice: number) => T) | undefined;
  readonly swallowed?: (() => T) | undefined;
  /** Makes the job that is asked for end in error. */
  readonly failing?: (() => void) | undefined;
  /** The call goes out after those that went out before on the same connection. */
  readonly connection?: { lastMs: number } | undefined;
};

const ONCE = { once: true };

/** A little more than a lease. */
const PAUSE_MS = 16_000;

/** How long a fault goes on by itself, until nobody hears of it any more; 0 where it is over at once. */
export function effectMs({ kind, ms }: Fault): number {
  if (kind === 'pause_before' || kind === 'pause_after') return PAUSE_MS + ms;
  return LASTING.includes(kind) ? ms : 0;
}

const LASTING: readonly FaultKind[] = [
  'request_lost',
  'reply_lost',
  'late_execution',
  'delay',
  'stream_cut',
  'database_outage',
];

export class Gate {
  readonly replica: string;
  readonly #world: Surroundings;
  #isAlive = true;
  #pausedUntilMs = 0;

  constructor(world: Surroundings, replica: string) {
    this.#world = world;
    this.replica = replica;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The replica's clock: monotonic, and it goes on while the replica does not. */
  readonly clock: Clock = {
    nowMs: () => this.#world.scheduler.nowMs(),
    sleep: (delayMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const wake = (): void => {
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        signal?.addEventListener('abort', wake, ONCE);
        this.#inProcess(delayMs, wake);
      }),
  };

  /** Nothing passes any more, ever. */
  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#note('killed');
    this.#world.onKilled(this.replica);
  }

  /** Nothing happens inside for so long; what was sent before goes on outside. */
  pause(ms: number): void {
    this.#note('paused');
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.scheduler.nowMs() + ms);
  }

  /** Something that comes from outside, as soon as the replica can take it. */
  arrive(run: () => void): void {
    this.#inProcess(this.#latencyMs(), run);
  }

  /** One call to the outside: on its way, carried out in one step, and on its way back. */
  call<T>(operation: Operation, execute: () => T | Promise<T>, form: CallForm<T> = {}): Promise<T> {
    const { call, fault } = this.#world.faultOf(this.replica, operation);
    const what = `${this.replica} #${call.index} ${operation}`;
    this.#world.trace.event(
      this.#world.scheduler.nowMs(),
      fault ? `${what} ${fault.kind} ${fault.ms}` : what,
    );
    if (fault && isWorldFault(fault.kind)) this.#world.strike(fault.kind, this.replica, fault.ms);
    return new Promise((resolve, reject) => {
      const pending: Pending<T> = { what, operation, execute, form, fault, resolve, reject };
      if (fault?.kind === 'kill_before') this.kill();
      else if (fault?.kind === 'pause_before') {
        this.pause(PAUSE_MS + fault.ms);
        this.#inProcess(0, () => this.#send(pending));
      } else this.#send(pending);
    });
  }

  #send<T>(pending: Pending<T>): void {
    const { fault, form, operation } = pending;
    if (!this.#isAlive) return;
    const error = lostBefore(fault, operation);
    if (error) {
      this.#answer(pending, { error }, fault?.kind === 'request_lost' ? fault.ms : 0);
      if (fault?.kind !== 'late_execution') return;
    }
    const late = fault?.kind === 'delay' || fault?.kind === 'late_execution' ? fault.ms : 0;
    const { scheduler, random } = this.#world;
    let atMs = scheduler.nowMs() + this.#latencyMs() + late;
    const { connection } = form;
    if (connection) connection.lastMs = atMs = Math.max(atMs, connection.lastMs);
    // What a replica sent just before its death may have got out, or not.
    const survivesDeath = random.chance(0.5);
    scheduler.after(atMs - scheduler.nowMs(), () => {
      if (this.#isAlive || survivesDeath) void this.#carryOut(pending);
    });
  }

  async #carryOut<T>(pending: Pending<T>): Promise<void> {
    const { fault, operation, form, execute } = pending;
    const outcome = await this.#outcomeOf(pending, () => {
      if (operation.startsWith('state.') && !this.#world.databaseAnswers()) throw unavailable(operation);
      if (fault?.kind === 'append_refused' && form.refusal) return form.refusal(fault.choice);
      if (fault?.kind === 'commit_job_failed') form.failing?.();
      if (fault?.kind === 'append_swallowed' && form.swallowed) return form.swallowed();
      return execute();
    });
    if (fault?.kind === 'late_execution') return;
    if (fault?.kind === 'kill_after') this.kill();
    if (fault?.kind === 'pause_after') this.pause(PAUSE_MS + fault.ms);
    if (fault?.kind === 'reply_lost') this.#answer(pending, { error: unavailable(operation) }, fault.ms);
    else this.#answer(pending, outcome, 0);
  }

  async #outcomeOf<T>({ what }: Pending<T>, execute: () => T | Promise<T>): Promise<Outcome<T>> {
    try {
      const value = await execute();
      this.#world.trace.event(this.#world.scheduler.nowMs(), `${what} → ${brief(value)}`, value);
      return { value };
    } catch (error) {
      this.#world.trace.event(this.#world.scheduler.nowMs(), `${what} ✖ ${String(error)}`);
      return { error };
    }
  }

  #answer<T>({ resolve, reject }: Pending<T>, outcome: Outcome<T>, extraMs: number): void {
    this.#inProcess(this.#latencyMs() + extraMs, () => {
      if ('error' in outcome) reject(outcome.error as Error);
      else resolve(outcome.value);
    });
  }

  #inProcess(delayMs: number, run: () => void): void {
    this.#world.scheduler.after(delayMs, () => {
      const waitMs = this.#pausedUntilMs - this.#world.scheduler.nowMs();
      if (!this.#isAlive) return;
      if (waitMs > 0) this.#inProcess(waitMs, run);
      else run();
    });
  }

  #latencyMs(): number {
    return 0.5 + this.#world.random.below(20_000) / 1000;
  }

  #note(what: string): void {
    this.#world.trace.event(this.#world.scheduler.nowMs(), `${this.replica} ${what}`);
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

type Pending<T> = {
  readonly what: string;
  readonly operation: Operation;
  readonly execute: () => T | Promise<T>;
  readonly form: CallForm<T>;
  readonly fault: Fault | undefined;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
};

/** The error of a call that is not carried out before its caller hears of it. */
function lostBefore(fault: Fault | undefined, operation: Operation): Error | undefined {
  switch (fault?.kind) {
    case 'request_lost':
    case 'late_execution':
      return unavailable(operation);
    case 'error_transient':
      return new TransientError(
        TRANSIENT_REASONS[fault.choice % TRANSIENT_REASONS.length]!,
        'scripted trouble',
      );
    case 'error_quota':
      return new TransientError('quota_exceeded', 'scripted trouble');
    case 'error_terminal':
      return new TerminalError(TERMINAL_REASONS[fault.choice % TERMINAL_REASONS.length]!, 'scripted trouble');
    default:
      return undefined;
  }
}

function unavailable(operation: Operation): TransientError {
  return operation.startsWith('state.')
    ? new TransientError('database_unavailable', 'the database does not answer')
    : new TransientError('warehouse_unavailable', 'the call or its reply was lost');
}

function brief(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('kind' in value) return String(value.kind);
  if ('status' in value) return String(value.status);
  return Array.isArray(value) ? `${value.length} items` : 'done';
}
