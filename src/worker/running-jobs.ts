/** The runs going on in this replica, with the lease of each, until when it is sure by our own clock, and whether it still moves. */
import { RunStopped, type StopCause } from '../etl/run.ts';
import { jobName, type JobKey, type Lease } from '../job/job.ts';
import type { RunPatience } from './run-patience.ts';

type RunningJob = {
  readonly lease: Lease;
  readonly controller: AbortController;
  readonly patience: RunPatience;
  readonly giveUp: () => void;
  sureUntilMs: number;
};

/** What a run is stopped by. */
export type RunStops = {
  /** Aborts when the run has to stop. */
  readonly signal: AbortSignal;
  /** Resolves when it has neither moved nor stopped for so long that it never will. */
  readonly stuck: Promise<void>;
};

/** A lease is renewed in the database; here is only remembered how long nobody else can have claimed it. */
export class RunningJobs {
  readonly #byName = new Map<string, RunningJob>();
  #stoppedBy: StopCause | undefined;
  #stuck: string | undefined;

  /** Adds a run. sureUntilMs counts from before the claim was sent. */
  add(lease: Lease, sureUntilMs: number, patience: RunPatience): RunStops {
    const controller = new AbortController();
    let giveUp = (): void => undefined;
    const stuck = new Promise<void>((resolve) => (giveUp = resolve));
    this.#byName.set(jobName(lease), { lease, controller, patience, giveUp, sureUntilMs });
    if (this.#stoppedBy) controller.abort(new RunStopped(this.#stoppedBy));
    return { signal: controller.signal, stuck };
  }

  remove(key: JobKey): void {
    this.#byName.delete(jobName(key));
  }

  leases(): readonly Lease[] {
    return [...this.#byName.values()].map((running) => running.lease);
  }

  renew(leases: readonly Lease[], sureUntilMs: number): void {
    for (const lease of leases) {
      const running = this.#byName.get(jobName(lease));
      if (running?.lease.epoch === lease.epoch) running.sureUntilMs = sureUntilMs;
    }
  }

  stop(keys: readonly JobKey[], cause: StopCause): void {
    for (const key of keys) this.#byName.get(jobName(key))?.controller.abort(new RunStopped(cause));
  }

  /** Stops every run, also those whose claim is still under way. */
  stopAll(cause: StopCause): void {
    this.#stoppedBy = cause;
    this.stop(this.leases(), cause);
  }

  /** Stops every run whose lease somebody else may hold by now; returns when the next lease runs out unless it is renewed. */
  stopExpired(nowMs: number): number {
    const all = [...this.#byName.values()];
    const expired = all.filter((running) => running.sureUntilMs <= nowMs);
    this.stop(
      expired.map((running) => running.lease),
      'lease_lost',
    );
    return Math.min(...all.map((running) => running.sureUntilMs).filter((untilMs) => untilMs > nowMs));
  }

  /** Stops every run that has not moved for long, and gives up those that were stopped and did not end. */
  stopStalled(nowMs: number): void {
    for (const [name, { controller, patience, giveUp }] of this.#byName) {
      const verdict = patience.look(nowMs);
      if (verdict === 'stalled') controller.abort(new RunStopped('stalled'));
      if (verdict !== 'stuck') continue;
      this.#stuck = name;
      giveUp();
    }
  }

  /** A job whose run was given up although it may still hold what it had: memory, connections, a thread. */
  get stuck(): string | undefined {
    return this.#stuck;
  }

  get size(): number {
    return this.#byName.size;
  }
}
