/** Keeps what this replica holds: renews leases and doorbells in the database, and only then the deadlines of running jobs. */
import { messageOf } from '../job/errors.ts';
import { answeredWithin, jittered } from '../job/clock.ts';
import type { HeartbeatOutcome } from '../state/transitions/heartbeat.ts';
import { deliveriesOf, type HeldMessage } from './held-messages.ts';
import type { WorkerContext } from './worker-context.ts';

const RETRY_MS = 1_000;

/** Beats until stopped, at a third of the shorter of lease and ack deadline. */
export class Heartbeat {
  readonly #context: WorkerContext;
  #databaseReachable = true;
  #beats = 0;
  #extendedAtMs = -Infinity;

  constructor(context: WorkerContext) {
    this.#context = context;
  }

  get databaseReachable(): boolean {
    return this.#databaseReachable;
  }

  /** Beats begun so far, answered or not. */
  get beats(): number {
    return this.#beats;
  }

  /** Resolves when the signal aborts. */
  async beat(signal: AbortSignal): Promise<void> {
    const { settings, deliveries, services } = this.#context;
    const intervalMs = Math.min(settings.leaseMs, deliveries.ackDeadlineMs) / 3;
    while (!signal.aborted) {
      const renewed = await this.#renew();
      await services.clock.sleep(renewed ? jittered(intervalMs, 0.1, services.random) : RETRY_MS, signal);
    }
  }

  /** Stops runs whose lease may be somebody else's, or that do not move any more, whatever the beats are waiting for; resolves when the signal aborts. */
  async watchRuns(signal: AbortSignal): Promise<void> {
    const { settings, running, services } = this.#context;
    while (!signal.aborted) {
      const nowMs = services.clock.nowMs();
      const nextMs = running.stopExpired(nowMs);
      running.stopStalled(nowMs);
      // A run that begins meanwhile has a whole lease before it.
      await services.clock.sleep(Math.min(settings.leaseMs / 10, nextMs - nowMs), signal);
    }
  }

  async #renew(): Promise<boolean> {
    const { settings, services, running, held } = this.#context;
    const sentMs = services.clock.nowMs();
    this.#beats += 1;
    try {
      const { jobs } = services.state;
      const beat = await this.#answered(
        jobs.heartbeat(settings.owner, running.leases(), held.jobKeys(), settings.leaseMs, settings.kind),
      );
      running.renew(beat.kept, sentMs + settings.leaseMs);
      this.#stopRuns(beat);
      this.#databaseBack();
      this.#extend(held.all());
      return true;
    } catch (error) {
      this.#databaseLost(error);
      this.#extendUnclaimed();
      return false;
    }
  }

  /** A database that does not answer is as unreachable as one that refuses. */
  #answered<T>(answer: Promise<T>): Promise<T> {
    const { services, settings, deliveries } = this.#context;
    // Whatever the lease, messages must be extended before their deadline passes.
    const patienceMs = Math.min(settings.leaseMs / 2, deliveries.ackDeadlineMs / 3);
    const silence = `the database has not answered a heartbeat for ${patienceMs} ms`;
    return answeredWithin(services.clock, patienceMs, silence, () => answer);
  }

  #stopRuns(beat: HeartbeatOutcome): void {
    const { running } = this.#context;
    running.stop(beat.lost, 'lease_lost');
    running.stop(beat.cancelRequested, 'cancelled');
    running.stop(beat.paused, 'paused');
  }

  /** Messages without a run here must not be dead-lettered by an outage; running ones are left to their lease. */
  #extendUnclaimed(): void {
    const { held, deliveries, services } = this.#context;
    if (services.clock.nowMs() - this.#extendedAtMs < deliveries.ackDeadlineMs / 3) return;
    this.#extend(held.all().filter((message) => message.phase !== 'running'));
  }

  /** Not waited for: a broker that does not answer must not cost a lease. */
  #extend(messages: readonly HeldMessage[]): void {
    this.#extendedAtMs = this.#context.services.clock.nowMs();
    void this.#context.deliveries.extend(messages.flatMap(deliveriesOf));
  }

  #databaseLost(error: unknown): void {
    if (!this.#databaseReachable) return;
    this.#databaseReachable = false;
    this.#context.deliveries.pause();
    this.#context.observer.databaseLost(messageOf(error));
  }

  #databaseBack(): void {
    if (this.#databaseReachable) return;
    this.#databaseReachable = true;
    this.#context.deliveries.resume();
    this.#context.observer.databaseBack();
  }
}
