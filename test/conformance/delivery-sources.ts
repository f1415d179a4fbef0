// The two sources of deliveries that must behave the same: the fake broker's and the real pull subscriber on the emulator.
import { describe, type TestContext } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import type { Delivery, DeliverySource } from '../../src/worker/delivery.ts';
import { FakeBroker } from '../support/fake-broker.ts';
import { eventually, uniqueName } from '../support/eventually.ts';
import type { PubSubFixture } from '../support/pubsub-fixture.ts';
import { aPubSubFixture } from '../support/pubsub-fixture.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A subscription, and time as it passes there. */
export interface Subscription {
  /** A source that is not started. */
  source(): DeliverySource;
  publish(text: string, attributes?: Record<string, string>): Promise<string>;
  nowMs(): number;
  /** Resolves when the condition holds. */
  until(condition: () => boolean, describe: string): Promise<void>;
  /** Resolves when any message published before this call has had every chance to arrive. */
  passes(): Promise<void>;
}

/** Runs the cases once on each kind. */
export function onEverySource(cases: (open: (context: TestContext) => Promise<Subscription>) => void): void {
  describe('on the fake broker', () => cases(async () => onFakeBroker()));
  // Side by side: most of their time is a deadline that has to pass.
  describe('on the Pub/Sub emulator', { concurrency: true }, () => cases(onEmulator));
}

/** The deliveries of a source from now on. */
export function collect(source: DeliverySource): Delivery[] {
  const deliveries: Delivery[] = [];
  source.start((delivery) => deliveries.push(delivery));
  return deliveries;
}

function onFakeBroker(): Subscription {
  const clock = new VirtualClock();
  const broker = new FakeBroker(clock, {
    ackDeadlineMs: 10_000,
    minimumBackoffMs: 100,
    maximumBackoffMs: 100,
  });
  return {
    source: () => broker.subscriber(uniqueName('replica')),
    publish: async (text, attributes = {}) => broker.publish(text, { attributes }),
    nowMs: () => clock.nowMs(),
    until: async (condition, describe) => {
      // In steps, because a condition may act as time goes by.
      for (let left = 240; !condition(); left -= 1) {
        if (left === 0) throw new Error(`two minutes of virtual time were not enough for ${describe}`);
        await clock.advance(500);
      }
    },
    passes: () => clock.advance(1_000),
  };
}

async function onEmulator(context: TestContext): Promise<Subscription> {
  const fixture = await aPubSubFixture(context);
  // A second subscription of the same topic: what has come through there has been sent here too.
  const control = new ControlSubscription(fixture);
  await control.open();
  context.after(() => control.close());
  return {
    source: () => {
      const { source } = fixture.subscriber();
      context.after(() => source.stopReceiving());
      return source;
    },
    publish: (text, attributes) => fixture.publish(text, attributes),
    nowMs: () => processClock.nowMs(),
    until: async (condition, describe) => {
      await eventually(condition, { describe, timeoutMs: 60_000 });
    },
    passes: () => control.hearsEverything(),
  };
}

class ControlSubscription {
  readonly #fixture: PubSubFixture;
  readonly #name = uniqueName('control');
  #heard: readonly string[] = [];
  #source: DeliverySource | undefined;

  constructor(fixture: PubSubFixture) {
    this.#fixture = fixture;
  }

  async open(): Promise<void> {
    const { clients, projectId, topicPath } = this.#fixture;
    const name = `projects/${projectId}/subscriptions/${this.#name}`;
    await clients.subscriber.createSubscription({ name, topic: topicPath, ackDeadlineSeconds: 60 });
    const { source } = this.#fixture.subscriber({ subscription: this.#name });
    this.#source = source;
    source.start((delivery) => {
      this.#heard = [...this.#heard, delivery.messageId];
      void delivery.ack();
    });
  }

  async hearsEverything(): Promise<void> {
    // It arrives at the source under test as well, which makes no difference to any of the cases.
    const id = await this.#fixture.publish('control');
    await eventually(() => this.#heard.includes(id), { describe: 'the control subscription to hear' });
  }

  close(): void {
    this.#source?.stopReceiving();
  }
}
