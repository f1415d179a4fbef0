// A subscription in memory for loads: each worker gets as many messages as flow control lets it hold, and acks are counted.
import type { Delivery, DeliverySource } from '../../src/worker/delivery.ts';

type Subscriber = { take: (delivery: Delivery) => void; held: number; receiving: boolean };

/** One queue for all workers; it loses nothing, doubles nothing and costs next to nothing, so that what is measured is not the queue. */
export class MessageQueue {
  readonly #waiting: { readonly messageId: string; readonly data: Uint8Array }[] = [];
  readonly #subscribers: Subscriber[] = [];
  readonly #maxOutstanding: number;
  #acked = 0;
  #again = 0;

  constructor(maxOutstanding: number) {
    this.#maxOutstanding = maxOutstanding;
  }

  /** How many messages were acked, not counting those that were published again. */
  get acked(): number {
    return this.#acked;
  }

  /** All at once, so that they are dealt out evenly. */
  publish(messages: readonly { readonly messageId: string; readonly data: Uint8Array }[]): void {
    this.#waiting.push(...messages);
    this.#handOut();
  }

  /** One more message, behind those that wait; its ack is nobody's. */
  publishAgain(data: Uint8Array): void {
    this.publish([{ messageId: `again-${++this.#again}`, data }]);
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

  /** In turn, so that every worker has its share, also of messages that come one by one. */
  #handOut(): void {
    while (this.#waiting.length > 0) {
      const at = this.#subscribers.findIndex(
        ({ receiving, held }) => receiving && held < this.#maxOutstanding,
      );
      const [subscriber] = at < 0 ? [] : this.#subscribers.splice(at, 1);
      const message = subscriber && this.#waiting.shift();
      if (!subscriber || !message) return;
      this.#subscribers.push(subscriber);
      subscriber.held += 1;
      subscriber.take(this.#delivery(message, subscriber));
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
        if (!message.messageId.startsWith('again-')) this.#acked += 1;
        return settle();
      },
      nack: () => {
        this.#waiting.push(message);
        return settle();
      },
    };
  }
}
