/** The deliveries nobody has answered yet, with their ack ids and until when they are ours for sure. */
import type { Clock } from '../job/clock.ts';
import type { Delivery } from '../worker/delivery.ts';

type Outstanding = { readonly delivery: Delivery; readonly ackId: string; untilMs: number };

/** One for each message: a redelivery takes the place of the delivery before it, whose deadline must have passed. */
export class OutstandingDeliveries {
  readonly #clock: Clock;
  readonly #ackDeadlineMs: number;
  readonly #byMessage = new Map<string, Outstanding>();

  constructor(clock: Clock, ackDeadlineMs: number) {
    this.#clock = clock;
    this.#ackDeadlineMs = ackDeadlineMs;
  }

  get size(): number {
    return this.#byMessage.size;
  }

  add(delivery: Delivery, ackId: string): void {
    const untilMs = this.#clock.nowMs() + this.#ackDeadlineMs;
    this.#byMessage.set(delivery.messageId, { delivery, ackId, untilMs });
  }

  remove(delivery: Delivery): void {
    if (this.#of(delivery)) this.#byMessage.delete(delivery.messageId);
  }

  /** Whether it is the newest of its message and its deadline has not passed; the broker has any other back already. */
  isOurs(delivery: Delivery): boolean {
    return (this.#of(delivery)?.untilMs ?? -Infinity) > this.#clock.nowMs();
  }

  ackIdsOfOurs(deliveries: readonly Delivery[]): string[] {
    return deliveries.flatMap((delivery) => (this.isOurs(delivery) ? (this.#of(delivery)?.ackId ?? []) : []));
  }

  /** These ack ids were given another deadline by a call sent then. */
  extended(ackIds: readonly string[], sentMs: number): void {
    const ids = new Set(ackIds);
    for (const outstanding of this.#byMessage.values())
      if (ids.has(outstanding.ackId)) outstanding.untilMs = sentMs + this.#ackDeadlineMs;
  }

  #of(delivery: Delivery): Outstanding | undefined {
    const outstanding = this.#byMessage.get(delivery.messageId);
    return outstanding?.delivery === delivery ? outstanding : undefined;
  }
}
