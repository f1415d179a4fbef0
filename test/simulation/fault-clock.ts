// Counts the calls of a simulated world, gives each its fault, and knows when the world is quiet again.
import {
  isLoss,
  TERMINAL_REASONS,
  type Fault,
  type FaultKind,
  type Operation,
  type WorldFault,
} from './fault-kinds.ts';
import type { Call, FaultPlan } from './fault-plans.ts';
import { effectMs } from './gate.ts';
import type { Scheduler } from './scheduler.ts';

/** In this time whoever wakes from a fault has learnt what it missed. */
const AFTERMATH_MS = 4_000;

/** A call as it was made, and which faults of its surroundings would have changed nothing then. */
export type PlayedCall = {
  readonly operation: Operation;
  readonly replica: string;
  readonly atMs: number;
  readonly withoutEffect: readonly WorldFault[];
  /** How many calls the warehouses had carried out by then. */
  readonly warehouseCalls: number;
};

export class FaultClock {
  /** Calls made so far, in order. */
  readonly calls: PlayedCall[] = [];
  /** Terminal reasons that were injected so far. */
  readonly injected = new Set<string>();
  readonly #scheduler: Scheduler;
  readonly #plan: FaultPlan;
  readonly #onFault: (kind: FaultKind, operation: Operation) => void;
  #over = false;
  #calmSinceMs = 0;
  #quietAtMs = 0;

  constructor(
    scheduler: Scheduler,
    plan: FaultPlan,
    onFault: (kind: FaultKind, operation: Operation) => void,
  ) {
    this.#scheduler = scheduler;
    this.#plan = plan;
    this.#onFault = onFault;
  }

  /** Counts the call and says what becomes of it. */
  next(call: Omit<PlayedCall, 'atMs'>): { readonly call: Call; readonly fault: Fault | undefined } {
    this.calls.push({ ...call, atMs: this.#scheduler.nowMs() });
    const { replica, operation } = call;
    const counted = { index: this.calls.length, replica, operation };
    if (!this.#over && counted.index >= this.#plan.horizon) this.end();
    const fault = this.#over ? undefined : this.#plan.faultAt(counted);
    if (fault) this.#note(fault, operation);
    return { call: counted, fault };
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#over = true;
    this.stir();
  }

  /** Something was asked for or went wrong: from now on there is time again to bring it to its end. */
  stir(): void {
    this.#calmSinceMs = this.#scheduler.nowMs();
  }

  /** Whether nothing was asked for and nothing went wrong for longer than this. */
  isCalmFor(ms: number): boolean {
    return this.#scheduler.nowMs() > this.#calmSinceMs + ms;
  }

  /** Whether everybody has learnt by now what became of all that went wrong. */
  get isQuiet(): boolean {
    return this.#scheduler.nowMs() >= this.#quietAtMs;
  }

  #note(fault: Fault, operation: Operation): void {
    this.#onFault(fault.kind, operation);
    if (fault.kind === 'error_terminal')
      this.injected.add(TERMINAL_REASONS[fault.choice % TERMINAL_REASONS.length]!);
    this.stir();
    // Nobody wakes from a loss: whoever asks for what is lost has not ended.
    if (isLoss(fault.kind)) return;
    this.#quietAtMs = Math.max(this.#quietAtMs, this.#scheduler.nowMs() + effectMs(fault) + AFTERMATH_MS);
  }
}
