// A subscription in memory for loads: each worker gets as many messages as flow control lets it hold, and acks are timed.
import type { Delivery, DeliverySource } from '../../src/worker/delivery.ts';

type Subscriber = { take: (delivery: Delivery) => void; held: number; receiving: boolean };

/** One queue for all workers; it loses nothing, doubles nothing and costs next to nothing, so that what is measured is not the queue. */
export class MessageQueue {
  /** When each message was acked, by its id; not of those that were published again. */
  readonly ackedAtMs = new Map<string, number>();
  readonly #waiting: { readonly messageId: string; readonly data: Uint8Array }[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #maxOutstanding: number;
  #again = 0;

  constructor(maxOutstanding: number) {
    this.#maxOutstanding = maxOutstanding;
  }

  /** All at once, so that they are dealt out evenly. */
  publish(messages: readonly { readonly messageId: string; readonly data: Uint8Array }[]): void {
    this.#waiting.push(...messages);
    this.#handOut();
  }

  /** One more message, behind those that wait; its ack is nobody's. */
  publishAgain(data: Uint8Array): Promise<string> {
    const messageId = `again-${++this.#again}`;
    this.publish([{ messageId, data }]);
    return Promise.resolve(messageId);
  }

  /** The connection of one more worker. */
  subscribe(): DeliverySource {
    const subscriber: Subscriber = { take: () => undefined, held: 0, receiving: false };
    this.#subscribers.push(subscriber);
    const receive = (receiving: boolean) => {
      subscriber.receiving = receiving;
      this.#handOut();
    };
    return {
      ackDeadlineMs: 60_000,
      start: (onDelivery) => {
        subscriber.take = onDelivery;
        receive(true);
      },
      pause: () => receive(false),
      resume: () => receive(true),
      extend: () => Promise.resolve(),
      connection: () => ({ connected: subscriber.receiving, why: 'in memory' }),
      stopReceiving: () => receive(false),
      close: () => Promise.resolve(),
    };
  }

  /** In turn, so that every worker has its share. */
  #handOut(): void {
    for (let given = true; given && this.#waiting.length > 0;) {
      given = false;
      for (const subscriber of this.#subscribers) {
        if (!subscriber.receiving || subscriber.held >= this.#maxOutstanding) continue;
        const message = this.#waiting.shift();
        if (!message) return;
        given = true;
        subscriber.held += 1;
        subscriber.take(this.#delivery(message, subscriber));
      }
    }
  }

  #delivery(message: { messageId: string; data: Uint8Array }, subscriber: Subscriber): Delivery {
    const settle = (): Promise<void> => {
      subscriber.held -= 1;
      this.#handOut();
      return Promise.resolve();
    };
    return {
      ...message,
      attributes: {},
      ack: () => {
        if (!message.messageId.startsWith('again-')) this.ackedAtMs.set(message.messageId, performance.now());
        return settle();
      },
      nack: () => {
        this.#waiting.push(message);
        return settle();
      },
    };
  }
}
