/** The bounded window of appends that were sent and not yet acknowledged, in the order they were sent. */
import type { Batch } from '../job/batch.ts';
import type { Reservation } from './byte-budget.ts';
import type { AppendOutcome } from './destination.ts';

/** More than one keeps the connection busy while an acknowledgement travels; each costs a batch of memory. */
const MAX_UNACKNOWLEDGED = 2;

/** An append that was not acknowledged: what the stream's state is now must be found out. */
export type AppendTrouble = Exclude<AppendOutcome, { kind: 'acknowledged' }>;

/** Acknowledges batches strictly in order; the first trouble ends it. */
export class AppendWindow {
  readonly #onAcknowledged: (batch: Batch) => void;
  readonly #unacknowledged: { readonly batch: Batch; readonly outcome: Promise<AppendOutcome> }[] = [];

  constructor(onAcknowledged: (batch: Batch) => void) {
    this.#onAcknowledged = onAcknowledged;
  }

  /** Adds a batch whose rows are under way; its reservation is released as soon as they are acknowledged or refused. */
  send(batch: Batch, sent: Promise<AppendOutcome>, reservation: Reservation): void {
    const outcome = sent.finally(() => reservation.release());
    // A later await reports the rejection; until then it must not count as unhandled.
    outcome.catch(() => undefined);
    this.#unacknowledged.push({ batch, outcome });
  }

  /** Resolves when there is room for another batch, with the trouble that has come to light, if any. */
  async room(): Promise<AppendTrouble | undefined> {
    return this.#settleDownTo(MAX_UNACKNOWLEDGED - 1);
  }

  /** Resolves when every batch sent is acknowledged, or with the first trouble. */
  async drained(): Promise<AppendTrouble | undefined> {
    return this.#settleDownTo(0);
  }

  async #settleDownTo(limit: number): Promise<AppendTrouble | undefined> {
    while (this.#unacknowledged.length > limit) {
      const oldest = this.#unacknowledged[0];
      if (!oldest) return undefined;
      const outcome = await oldest.outcome;
      if (outcome.kind !== 'acknowledged') return outcome;
      this.#unacknowledged.shift();
      this.#onAcknowledged(oldest.batch);
    }
    return undefined;
  }
}
