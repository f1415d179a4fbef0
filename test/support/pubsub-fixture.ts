// Topics and subscriptions of their own for one test on a Pub/Sub emulator, and subscribers that tell what they met.
import type { TestContext } from 'node:test';
import { processClock } from '../../src/app/process-clock.ts';
import type { Clock, Random } from '../../src/job/clock.ts';
import type { AckCallKind } from '../../src/pubsub/ack-calls.ts';
import { createPubSubClients, type PubSubClients } from '../../src/pubsub/clients.ts';
import { createPullSubscriber } from '../../src/pubsub/pull-subscriber.ts';
import type { Delivery, DeliverySource } from '../../src/worker/delivery.ts';
import { pubSubEmulatorHost } from './environment.ts';
import { eventually, uniqueName } from './eventually.ts';

const PROJECT = 'pubsub-tests';

/** A pull subscriber with everything it delivered and complained about. */
export interface Pulling {
  readonly source: DeliverySource;
  readonly deliveries: Delivery[];
  readonly troubles: string[];
  readonly ackFailures: { readonly kind: AckCallKind; readonly message: string }[];
}

interface SubscriberOptions {
  readonly subscription?: string;
  readonly maxOutstanding?: number;
  readonly ackDeadlineMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** One topic with one subscription. */
export class PubSubFixture {
  readonly clients: PubSubClients;
  readonly projectId = PROJECT;
  readonly topic = uniqueName('topic');
  readonly subscription = uniqueName('subscription');

  constructor(host: string) {
    this.clients = createPubSubClients({ projectId: PROJECT, emulatorHost: host });
  }

  get subscriptionPath(): string {
    return `projects/${PROJECT}/subscriptions/${this.subscription}`;
  }

  get topicPath(): string {
    return `projects/${PROJECT}/topics/${this.topic}`;
  }

  async create(): Promise<void> {
    await this.clients.publisher.createTopic({ name: this.topicPath });
    await this.clients.subscriber.createSubscription({
      name: this.subscriptionPath,
      topic: this.topicPath,
      ackDeadlineSeconds: 10,
    });
  }

  async publish(text: string, attributes: Record<string, string> = {}): Promise<string> {
    const [{ messageIds }] = await this.clients.publisher.publish({
      topic: this.topicPath,
      messages: [{ data: Buffer.from(text), attributes }],
    });
    return messageIds?.[0] ?? '';
  }

  /** A subscriber that is not started yet; the shortest deadline there is, so that expiry can be waited for. */
  subscriber(options: SubscriberOptions = {}): Pulling & { start(): Pulling } {
    const told = {
      deliveries: [] as Delivery[],
      troubles: [] as string[],
      ackFailures: [] as Pulling['ackFailures'],
    };
    const source = createPullSubscriber({
      clients: this.clients,
      projectId: PROJECT,
      subscription: this.subscription,
      maxOutstanding: 1_000,
      ackDeadlineMs: 10_000,
      clientId: uniqueName('client'),
      clock: processClock,
      random: Math.random,
      onAckFailure: (kind, message) => told.ackFailures.push({ kind, message }),
      onTrouble: (message) => told.troubles.push(message),
      ...options,
    });
    const pulling = { source, ...told };
    return {
      ...pulling,
      start: () => {
        source.start((delivery) => told.deliveries.push(delivery));
        return pulling;
      },
    };
  }
}

/** A topic with a subscription on the shared emulator, and what it takes to end it with the test. */
export async function aPubSubFixture(context: TestContext): Promise<PubSubFixture> {
  const fixture = new PubSubFixture(pubSubEmulatorHost());
  context.after(() => fixture.clients.close());
  await fixture.create();
  return fixture;
}

/** A started subscriber that stops with the test. */
export function pulling(
  context: TestContext,
  fixture: PubSubFixture,
  options: SubscriberOptions = {},
): Pulling {
  const started = fixture.subscriber(options).start();
  context.after(() => started.source.stopReceiving());
  return started;
}

/** The deliveries, once there are so many. */
export function untilDelivered({ deliveries }: Pulling, count: number): Promise<Delivery[]> {
  return eventually(() => deliveries.length >= count && deliveries, {
    describe: () => `${count} deliveries, have ${deliveries.length}`,
  });
}
