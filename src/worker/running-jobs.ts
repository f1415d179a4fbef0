/** The runs going on in this replica, with the lease of each and until when it is sure by our own clock. */
import { RunStopped, type StopCause } from '../etl/run.ts';
import { jobName, type JobKey, type Lease } from '../job/job.ts';

type RunningJob = { readonly lease: Lease; readonly controller: AbortController; sureUntilMs: number };

/** A lease is renewed in the database; here is only remembered how long nobody else can have claimed it. */
export class RunningJobs {
  readonly #byName = new Map<string, RunningJob>();
  #stoppedBy: StopCause | undefined;

  /** Adds a run; the signal aborts when it has to stop. sureUntilMs counts from before the claim was sent. */
  add(lease: Lease, sureUntilMs: number): AbortSignal {
    const controller = new AbortController();
    this.#byName.set(jobName(lease), { lease, controller, sureUntilMs });
    if (this.#stoppedBy) controller.abort(new RunStopped(this.#stoppedBy));
    return controller.signal;
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

  get size(): number {
    return this.#byName.size;
  }
}
