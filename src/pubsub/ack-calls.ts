/** The unary calls about messages held: acknowledge and modifyAckDeadline, batched, retried and counted, never thrown. */
import type { Clock } from '../job/clock.ts';
import type { PubSubClients } from './clients.ts';
import { pubSubTrouble } from './errors.ts';

/** Ids a request may carry: ack ids are up to about 200 bytes and a request is limited to 512 KiB. Source: Pub/Sub quotas. */
const MAX_IDS_A_CALL = 1_000;
const CALL_TIMEOUT_MS = 10_000;
const MAX_TRIES = 4;
const RETRY_MS = 250;

export type AckCallKind = 'ack' | 'nack' | 'extend';
type AckCall = (ackIds: string[]) => Promise<unknown>;

/** Every failed try is told to onFailure; a call given up means that the message comes again, which is harmless. */
export class AckCalls {
  readonly #clients: Pick<PubSubClients, 'subscriber'>;
  readonly #subscription: string;
  readonly #clock: Clock;
  readonly #onFailure: (kind: AckCallKind, message: string) => void;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: {
    clients: Pick<PubSubClients, 'subscriber'>;
    subscription: string;
    clock: Clock;
    onFailure: (kind: AckCallKind, message: string) => void;
  }) {
    this.#clients = options.clients;
    this.#subscription = options.subscription;
    this.#clock = options.clock;
    this.#onFailure = options.onFailure;
  }

  async ack(ackIds: readonly string[]): Promise<void> {
    await this.#inBatches('ack', ackIds, (batch) =>
      this.#clients.subscriber.acknowledge(
        { subscription: this.#subscription, ackIds: batch },
        { timeout: CALL_TIMEOUT_MS },
      ),
    );
  }

  async nack(ackIds: readonly string[]): Promise<void> {
    await this.#modify('nack', ackIds, 0);
  }

  /** Resolves with the ids that were extended. */
  extend(ackIds: readonly string[], ackDeadlineMs: number): Promise<string[]> {
    return this.#modify('extend', ackIds, ackDeadlineMs / 1000);
  }

  /** Resolves when no call is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.race(this.#underWay);
  }

  #modify(kind: AckCallKind, ackIds: readonly string[], ackDeadlineSeconds: number): Promise<string[]> {
    return this.#inBatches(kind, ackIds, (batch) =>
      this.#clients.subscriber.modifyAckDeadline(
        { subscription: this.#subscription, ackIds: batch, ackDeadlineSeconds },
        { timeout: CALL_TIMEOUT_MS },
      ),
    );
  }

  async #inBatches(kind: AckCallKind, ackIds: readonly string[], call: AckCall): Promise<string[]> {
    const batches = [];
    for (let start = 0; start < ackIds.length; start += MAX_IDS_A_CALL)
      batches.push(ackIds.slice(start, start + MAX_IDS_A_CALL));
    const done = await Promise.all(batches.map((batch) => this.#tracked(this.#tried(kind, batch, call))));
    return done.flat();
  }

  /** The ids that went through. */
  async #tried(kind: AckCallKind, batch: string[], call: AckCall): Promise<string[]> {
    for (let tries = 1; ; tries++) {
      try {
        await call(batch);
        return batch;
      } catch (error) {
        const trouble = pubSubTrouble(error, this.#subscription);
        this.#onFailure(kind, trouble.message);
        if (trouble.kind === 'rejected' && batch.length > 1) return this.#halved(kind, batch, call);
        if (trouble.kind !== 'transient' || tries === MAX_TRIES) return [];
        await this.#clock.sleep(RETRY_MS * 2 ** tries);
      }
    }
  }

  /** With exactly-once delivery one id that is no longer valid fails the call for all; the others must not suffer. */
  async #halved(kind: AckCallKind, batch: string[], call: AckCall): Promise<string[]> {
    const middle = Math.ceil(batch.length / 2);
    const halves = [batch.slice(0, middle), batch.slice(middle)];
    return (await Promise.all(halves.map((half) => this.#tried(kind, half, call)))).flat();
  }

  #tracked<T>(call: Promise<T>): Promise<T> {
    const tracked = call.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }
}
