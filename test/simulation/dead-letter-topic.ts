// The dead-letter topic of a simulated world and its subscription, and what must become of every message there.
import type { BrokerEvent } from '../support/fake-broker.ts';
import type { Checker } from './checker.ts';
import type { Facts } from './database-facts.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';
import { WatchedBroker } from './watched-doubles.ts';

/** Whom it belongs to. */
export type TopicParts = {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly facts: Facts;
  readonly checker: () => Checker;
};

/** I10: each message is on record once before it is acked, and not besides the letter that a job has there already. */
export class DeadLetterTopic {
  readonly broker: WatchedBroker;
  readonly #parts: TopicParts;
  /** What each message says of where it comes from. */
  readonly #attributes = new Map<string, Readonly<Record<string, string>>>();

  constructor(parts: TopicParts) {
    this.#parts = parts;
    this.broker = new WatchedBroker(parts.scheduler, (event) => this.#happened(event), { idPrefix: 'dead' });
  }

  publish(data: Uint8Array, attributes: Readonly<Record<string, string>>): void {
    this.#attributes.set(this.broker.publish(data, { attributes: { ...attributes } }), attributes);
  }

  /** Tells the checker of every message that is not on record as it should be, once all has ended. */
  checkEnd(): void {
    for (const messageId of this.#attributes.keys()) this.#checkFiled(messageId, 'at the end');
  }

  #happened({ kind, messageId, subscriber = '' }: BrokerEvent): void {
    const { scheduler, trace, checker } = this.#parts;
    trace.event(scheduler.nowMs(), `letters ${kind} ${messageId} ${subscriber}`);
    if (kind === 'acked') this.#checkFiled(messageId, `when ${subscriber} acked it`);
    if (kind === 'dead_lettered') checker().violation(`I10: the broker gave up on the letter ${messageId}`);
  }

  #checkFiled(messageId: string, when: string): void {
    const { facts, checker } = this.#parts;
    const isOfJob = this.#attributes.get(messageId)?.['source'] === 'failed_job';
    const filed = facts.filed(messageId);
    if (filed !== (isOfJob ? 0 : 1))
      checker().violation(`I10: the letter ${messageId} was filed ${filed} times ${when}`);
  }
}
