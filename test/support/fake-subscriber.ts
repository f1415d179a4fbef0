// A replica's connection to the fake broker: the double of the pull subscriber, strict about how it is used.
import assert from 'node:assert/strict';
import type { ConnectionState, Delivery, DeliverySource } from '../../src/worker/delivery.ts';

/** What a subscriber needs of its broker. */
interface Broker {
  readonly ackDeadlineMs: number;
  readonly clock: { nowMs(): number };
  pump(): void;
  note(event: { kind: 'cut'; messageId: string; subscriber: string }): void;
  answer(kind: 'acked' | 'nacked' | 'extended', messageId: string, ackId: string, subscriber: string): void;
}

/** Receives nothing before start(); a misuse throws, so that the test it happens in fails. */
export class FakeSubscriber implements DeliverySource {
  readonly name: string;
  /** Extend calls that reached the broker, each with the ids of its messages. */
  readonly extendCalls: { readonly atMs: number; readonly messageIds: readonly string[] }[] = [];
  readonly #broker: Broker;
  readonly #maxOutstanding: number;
  readonly #ackIds = new WeakMap<Delivery, string>();
  readonly #answered = new WeakSet<Delivery>();
  #phase: 'created' | 'started' | 'stopped' | 'closed' = 'created';
  #paused = false;
  #connected = true;
  #mute = false;
  /** When it was asked for a new connection. */
  readonly renewals: number[] = [];
  #answersTake: Promise<void> | undefined;
  #onDelivery: (delivery: Delivery) => void = () => undefined;

  constructor(broker: Broker, name: string, maxOutstanding: number) {
    this.#broker = broker;
    this.name = name;
    this.#maxOutstanding = maxOutstanding;
  }

  get ackDeadlineMs(): number {
    return this.#broker.ackDeadlineMs;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get closed(): boolean {
    return this.#phase === 'closed';
  }

  start(onDelivery: (delivery: Delivery) => void): void {
    assert.equal(this.#phase, 'created', `${this.name} was started twice`);
    this.#phase = 'started';
    this.#onDelivery = onDelivery;
    this.#broker.pump();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#broker.pump();
  }

  async extend(deliveries: readonly Delivery[]): Promise<void> {
    assert.notEqual(this.#phase, 'closed', `${this.name} extended after close`);
    if (deliveries.length === 0) return;
    await this.#reachBroker();
    const messageIds = deliveries.map(({ messageId }) => messageId);
    this.extendCalls.push({ atMs: this.#broker.clock.nowMs(), messageIds });
    for (const delivery of deliveries) this.#answer('extended', delivery);
  }

  connection(): ConnectionState {
    const receiving = this.#phase === 'started' && this.#connected && !this.#paused;
    return { connected: receiving, why: receiving ? 'receiving' : this.#phase };
  }

  stopReceiving(): void {
    if (this.#phase === 'started') this.#phase = 'stopped';
  }

  async close(): Promise<void> {
    assert.notEqual(this.#phase, 'closed', `${this.name} was closed twice`);
    this.#phase = 'closed';
    await this.#answersTake;
  }

  /** Loses the connection: nothing arrives and no answer gets through, while deadlines go on. */
  cut(): void {
    this.#connected = false;
    this.#broker.note({ kind: 'cut', messageId: '', subscriber: this.name });
  }

  /** From now on nothing arrives, while the connection seems to be well; a new one is. */
  mute(): void {
    this.#mute = true;
  }

  renew(): void {
    this.renewals.push(this.#broker.clock.nowMs());
    this.#mute = false;
    this.#broker.pump();
  }

  reconnect(): void {
    this.#connected = true;
    this.#broker.pump();
  }

  /** From now on answers get through only when this resolves: a broker that is there and does not answer. */
  delayAnswers(until: Promise<void> | undefined): void {
    this.#answersTake = until;
  }

  /** For the broker: whether one more message may be sent while so many are outstanding. */
  takes(outstanding: number): boolean {
    return (
      this.#phase === 'started' &&
      this.#connected &&
      !this.#mute &&
      !this.#paused &&
      outstanding < this.#maxOutstanding
    );
  }

  /** For the broker: one arrival. */
  receive(message: Pick<Delivery, 'messageId' | 'data' | 'attributes'>, ackId: string): void {
    const { messageId, data, attributes } = message;
    const delivery: Delivery = {
      messageId,
      data,
      attributes,
      ack: () => this.#settle('acked', delivery),
      nack: () => this.#settle('nacked', delivery),
    };
    this.#ackIds.set(delivery, ackId);
    this.#onDelivery(delivery);
  }

  async #settle(kind: 'acked' | 'nacked', delivery: Delivery): Promise<void> {
    assert.notEqual(this.#phase, 'closed', `${this.name} ${kind} ${delivery.messageId} after close`);
    assert.ok(
      !this.#answered.has(delivery),
      `${this.name} answered one delivery of ${delivery.messageId} twice`,
    );
    this.#answered.add(delivery);
    await this.#reachBroker();
    this.#answer(kind, delivery);
  }

  async #reachBroker(): Promise<void> {
    await this.#answersTake;
  }

  #answer(kind: 'acked' | 'nacked' | 'extended', delivery: Delivery): void {
    if (!this.#connected) return;
    this.#broker.answer(kind, delivery.messageId, this.#ackIds.get(delivery) ?? '', this.name);
  }
}
