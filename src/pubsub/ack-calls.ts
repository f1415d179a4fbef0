/** The unary calls about messages held: acknowledge and modifyAckDeadline, batched, retried and counted, never thrown. */
import type { v1 } from '@google-cloud/pubsub';
import type { Clock } from '../job/clock.ts';
import { pubSubTrouble } from './errors.ts';

/** Ids a request may carry: ack ids are up to about 200 bytes and a request is limited to 512 KiB. Source: Pub/Sub quotas. */
const MAX_IDS_A_CALL = 1_000;
const CALL_TIMEOUT_MS = 10_000;
const MAX_TRIES = 4;
const RETRY_MS = 250;

export type AckCallKind = 'ack' | 'nack' | 'extend';

/** Every failed try is told to onFailure; a call given up means that the message comes again, which is harmless. */
export class AckCalls {
  readonly #subscriber: v1.SubscriberClient;
  readonly #subscription: string;
  readonly #clock: Clock;
  readonly #onFailure: (kind: AckCallKind, message: string) => void;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: {
    subscriber: v1.SubscriberClient;
    subscription: string;
    clock: Clock;
    onFailure: (kind: AckCallKind, message: string) => void;
  }) {
    this.#subscriber = options.subscriber;
    this.#subscription = options.subscription;
    this.#clock = options.clock;
    this.#onFailure = options.onFailure;
  }

  ack(ackIds: readonly string[]): Promise<void> {
    return this.#inBatches('ack', ackIds, (batch) =>
      this.#subscriber.acknowledge(
        { subscription: this.#subscription, ackIds: batch },
        { timeout: CALL_TIMEOUT_MS },
      ),
    );
  }

  nack(ackIds: readonly string[]): Promise<void> {
    return this.#modify('nack', ackIds, 0);
  }

  extend(ackIds: readonly string[], ackDeadlineMs: number): Promise<void> {
    return this.#modify('extend', ackIds, ackDeadlineMs / 1000);
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.race(this.#underWay);
  }

  #modify(kind: AckCallKind, ackIds: readonly string[], ackDeadlineSeconds: number): Promise<void> {
    return this.#inBatches(kind, ackIds, (batch) =>
      this.#subscriber.modifyAckDeadline(
        { subscription: this.#subscription, ackIds: batch, ackDeadlineSeconds },
        { timeout: CALL_TIMEOUT_MS },
      ),
    );
  }

  async #inBatches(
    kind: AckCallKind,
    ackIds: readonly string[],
    call: (batch: string[]) => Promise<unknown>,
  ): Promise<void> {
    const batches = [];
    for (let start = 0; start < ackIds.length; start += MAX_IDS_A_CALL)
      batches.push(ackIds.slice(start, start + MAX_IDS_A_CALL));
    await Promise.all(batches.map((batch) => this.#tracked(this.#tried(kind, () => call(batch)))));
  }

  async #tried(kind: AckCallKind, call: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      try {
        await call();
        return;
      } catch (error) {
        const trouble = pubSubTrouble(error, this.#subscription);
        this.#onFailure(kind, trouble.message);
        if (trouble.kind !== 'transient') return;
        await this.#clock.sleep(RETRY_MS * 2 ** tries);
      }
    }
  }

  #tracked(call: Promise<void>): Promise<void> {
    const tracked = call.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }
}
