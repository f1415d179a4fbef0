// A broker in memory that keeps Pub/Sub's promises to the letter and no more: deadlines, new ack ids, back-off, flow control.
import type { JobRequest } from '../../src/job/job.ts';
import type { Clock } from '../../src/job/clock.ts';
import { encodeMessage } from '../../src/job/encode-message.ts';
import type { Publisher } from '../../src/worker/publisher.ts';
import { FakeSubscriber } from './fake-subscriber.ts';

/** Something that happened, in the order in which it happened; tests judge by this and never by a log of the worker's. */
export interface BrokerEvent {
  readonly atMs: number;
  readonly kind:
    | 'published'
    | 'delivered'
    | 'extended'
    | 'acked'
    | 'nacked'
    | 'expired'
    | 'dead_lettered'
    | 'cut'
    | 'elsewhere';
  readonly messageId: string;
  readonly subscriber?: string | undefined;
  /** Delivered: how often by now. Extended, acked, nacked: which of these deliveries it answers. */
  readonly attempt?: number;
  /** Extended, acked, nacked: whether the ack id was the newest and its deadline had not passed; otherwise it had no effect. */
  readonly valid?: boolean;
  /** Elsewhere: what happened outside the broker, noted here for its place in the order. */
  readonly what?: string;
}

/** A message that was given up on, or published as such. */
export interface DeadLetter {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface BrokerOptions {
  readonly ackDeadlineMs?: number;
  readonly minimumBackoffMs?: number;
  readonly maximumBackoffMs?: number;
  readonly maxDeliveryAttempts?: number;
  /** Told of a message that was given up on, with the attributes Pub/Sub adds. */
  readonly onGivenUp?: (data: Uint8Array, attributes: Record<string, string>) => void;
  /** Begins its message ids; another broker's begin otherwise. */
  readonly idPrefix?: string;
}

interface Message extends DeadLetter {
  readonly messageId: string;
  /** The only subscriber its first delivery may go to. */
  readonly to: string | undefined;
  attempts: number;
  availableAtMs: number;
  /** Set while delivered and neither answered nor expired. */
  lease: Lease | undefined;
}

interface Lease {
  readonly ackId: string;
  readonly subscriber: FakeSubscriber;
  deadlineMs: number;
}

/** One topic with one subscription, and a dead-letter topic. */
export class FakeBroker implements Publisher {
  readonly ackDeadlineMs: number;
  readonly events: BrokerEvent[] = [];
  readonly deadLetters: DeadLetter[] = [];
  readonly clock: Clock;
  readonly #backoffMs: readonly [minimum: number, maximum: number];
  readonly #maxDeliveryAttempts: number;
  readonly #onGivenUp: NonNullable<BrokerOptions['onGivenUp']>;
  readonly #idPrefix: string;
  readonly #subscribers: FakeSubscriber[] = [];
  readonly #messages = new Map<string, Message>();
  readonly #acked = new Map<string, Message>();
  #lastId = 0;
  #refusal: string | undefined;
  #pumping = false;

  constructor(clock: Clock, options: BrokerOptions = {}) {
    this.clock = clock;
    this.ackDeadlineMs = options.ackDeadlineMs ?? 60_000;
    this.#backoffMs = [options.minimumBackoffMs ?? 10_000, options.maximumBackoffMs ?? 600_000];
    this.#maxDeliveryAttempts = options.maxDeliveryAttempts ?? 100;
    this.#onGivenUp = options.onGivenUp ?? (() => undefined);
    this.#idPrefix = options.idPrefix ?? 'm';
  }

  /** Connects a replica; messages go to the subscribers in turn. */
  subscriber(name: string, { maxOutstanding = 1_000 } = {}): FakeSubscriber {
    const subscriber = new FakeSubscriber(this, name, maxOutstanding);
    this.#subscribers.push(subscriber);
    return subscriber;
  }

  /** Publishes text, bytes or JSON and returns the message id. */
  publish(
    message: string | Uint8Array | object,
    { attributes = {}, to }: { attributes?: Record<string, string>; to?: string } = {},
  ): string {
    const messageId = `${this.#idPrefix}${++this.#lastId}`;
    const data = message instanceof Uint8Array ? message : Buffer.from(textOf(message));
    this.#messages.set(messageId, {
      messageId,
      data,
      attributes,
      to,
      attempts: 0,
      availableAtMs: 0,
      lease: undefined,
    });
    this.note({ kind: 'published', messageId });
    this.pump();
    return messageId;
  }

  async publishJob(request: JobRequest): Promise<string> {
    this.#refuse();
    return this.publish(encodeMessage(request));
  }

  async publishDeadLetter(data: Uint8Array, attributes: Readonly<Record<string, string>>): Promise<string> {
    this.#refuse();
    this.deadLetters.push({ data, attributes });
    return `d${++this.#lastId}`;
  }

  /** From now on no publication is taken, until it is called without a reason. */
  refusePublications(reason?: string): void {
    this.#refusal = reason;
  }

  /** Delivers a message once more although it is held or even acked, as at-least-once delivery may do at any time. */
  duplicate(messageId: string, subscriber: FakeSubscriber): void {
    const message = this.#messages.get(messageId) ?? this.#acked.get(messageId);
    if (!message) throw new Error(`there is no message ${messageId}`);
    this.#messages.set(messageId, message);
    this.#deliver(message, subscriber);
  }

  /** What a message says. */
  contentOf(messageId: string): unknown {
    const message = this.#messages.get(messageId) ?? this.#acked.get(messageId);
    return message && JSON.parse(Buffer.from(message.data).toString());
  }

  /** Ids of the messages that are neither acked nor dead-lettered. */
  unacked(): string[] {
    return [...this.#messages.keys()];
  }

  /** What happened of this kind, to one message or to all. */
  eventsOf(kind: BrokerEvent['kind'], messageId?: string): BrokerEvent[] {
    return this.events.filter(
      (event) => event.kind === kind && (messageId === undefined || event.messageId === messageId),
    );
  }

  /** Messages a subscriber holds as far as the broker knows. */
  outstanding(subscriber: FakeSubscriber): number {
    return [...this.#messages.values()].filter(({ lease }) => lease?.subscriber === subscriber).length;
  }

  /** For subscribers: the answer to a delivery. Only the newest ack id counts, and only before its deadline. */
  answer(kind: 'acked' | 'nacked' | 'extended', messageId: string, ackId: string, subscriber: string): void {
    this.#expire();
    const message = this.#messages.get(messageId);
    const lease = message?.lease?.ackId === ackId ? message.lease : undefined;
    const attempt = Number(ackId.slice(messageId.length + 1));
    this.note({ kind, messageId, subscriber, attempt, valid: lease !== undefined });
    if (!message || !lease) return;
    if (kind === 'acked') this.#end(message);
    else if (kind === 'nacked') this.#giveBack(message);
    else lease.deadlineMs = this.clock.nowMs() + this.ackDeadlineMs;
    this.pump();
  }

  /** For subscribers: something changed that may let a message through. Delivers soon, never inside the caller. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#expire();
      for (const message of this.#messages.values()) this.#deliverIfDue(message);
    });
  }

  note(event: Omit<BrokerEvent, 'atMs'>): void {
    this.events.push({ atMs: this.clock.nowMs(), ...event });
  }

  #deliverIfDue(message: Message): void {
    if (message.lease || message.availableAtMs > this.clock.nowMs()) return;
    const wanted = message.attempts === 0 ? message.to : undefined;
    const at = this.#subscribers.findIndex(
      (each) => each.takes(this.outstanding(each)) && (wanted === undefined || each.name === wanted),
    );
    if (at < 0) return;
    const [subscriber] = this.#subscribers.splice(at, 1);
    if (!subscriber) return;
    // To the end of the queue: it had its turn.
    this.#subscribers.push(subscriber);
    this.#deliver(message, subscriber);
  }

  #deliver(message: Message, subscriber: FakeSubscriber): void {
    message.attempts += 1;
    const { messageId, attempts } = message;
    const ackId = `${messageId}#${attempts}`;
    message.lease = { ackId, subscriber, deadlineMs: this.clock.nowMs() + this.ackDeadlineMs };
    this.note({ kind: 'delivered', messageId, subscriber: subscriber.name, attempt: attempts });
    this.#pumpIn(this.ackDeadlineMs);
    subscriber.receive(message, ackId);
  }

  #expire(): void {
    for (const message of this.#messages.values()) {
      const { lease, messageId } = message;
      if (!lease || lease.deadlineMs > this.clock.nowMs()) continue;
      this.note({ kind: 'expired', messageId, subscriber: lease.subscriber.name });
      this.#giveBack(message);
    }
  }

  /** Redelivered after the retry policy's back-off, or dead-lettered when that has happened too often. */
  #giveBack(message: Message): void {
    const { messageId, attempts, data, attributes } = message;
    message.lease = undefined;
    if (attempts >= this.#maxDeliveryAttempts) {
      this.#messages.delete(messageId);
      this.deadLetters.push({ data, attributes });
      this.note({ kind: 'dead_lettered', messageId });
      // Source: Pub/Sub documentation, dead-letter topics.
      const added = { CloudPubSubDeadLetterSourceDeliveryCount: String(attempts) };
      this.#onGivenUp(data, { ...attributes, ...added });
      return;
    }
    const [minimumMs, maximumMs] = this.#backoffMs;
    const backoffMs = Math.min(maximumMs, minimumMs * 2 ** (attempts - 1));
    message.availableAtMs = this.clock.nowMs() + backoffMs;
    this.#pumpIn(backoffMs);
  }

  #pumpIn(delayMs: number): void {
    void this.clock.sleep(delayMs).then(() => {
      this.pump();
      this.#pumpAtDeadlines();
    });
  }

  /** Deadlines that were extended lie later than the timer that was set for them. */
  #pumpAtDeadlines(): void {
    const deadlines = [...this.#messages.values()].flatMap(({ lease }) => lease?.deadlineMs ?? []);
    const nextMs = Math.min(...deadlines.filter((deadlineMs) => deadlineMs > this.clock.nowMs()));
    if (Number.isFinite(nextMs)) this.#pumpIn(nextMs - this.clock.nowMs());
  }

  #end(message: Message): void {
    message.lease = undefined;
    this.#messages.delete(message.messageId);
    this.#acked.set(message.messageId, message);
  }

  #refuse(): void {
    if (this.#refusal !== undefined) throw new Error(this.#refusal);
  }
}

function textOf(message: string | object): string {
  return typeof message === 'string' ? message : JSON.stringify(message);
}
