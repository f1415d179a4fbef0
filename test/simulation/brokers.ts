// The messages of a simulated world: one broker for jobs, and the dead-letter topic behind it where that is filed.
import type { Publisher } from '../../src/worker/publisher.ts';
import type { BrokerEvent } from '../support/fake-broker.ts';
import { DeadLetterTopic, type TopicParts } from './dead-letter-topic.ts';
import type { Scenario } from './scenario.ts';
import { WatchedBroker } from './watched-doubles.ts';

export class Brokers {
  readonly jobs: WatchedBroker;
  readonly topic: DeadLetterTopic | undefined;
  /** Bodies of the messages that were given up on. */
  readonly givenUp: unknown[] = [];

  constructor(
    { filing, deliveryAttempts }: Scenario,
    parts: TopicParts,
    onMessage: (event: BrokerEvent) => void,
  ) {
    const { scheduler, trace } = parts;
    this.topic = filing ? new DeadLetterTopic(parts) : undefined;
    const onEvent = (event: BrokerEvent): void => {
      trace.event(scheduler.nowMs(), `broker ${event.kind} ${event.messageId} ${event.subscriber ?? ''}`);
      onMessage(event);
    };
    this.jobs = new WatchedBroker(scheduler, onEvent, {
      maxDeliveryAttempts: deliveryAttempts,
      onGivenUp: (data, attributes) => {
        this.givenUp.push(JSON.parse(Buffer.from(data).toString()));
        this.topic?.publish(data, attributes);
      },
    });
  }

  /** The broker of the dead-letter subscription. */
  get letters(): WatchedBroker | undefined {
    return this.topic?.broker;
  }

  /** What replicas publish by: a dead letter reaches the dead-letter subscription. */
  readonly publisher: Publisher = {
    publishJob: (request) => this.jobs.publishJob(request),
    publishDeadLetter: (data, attributes) => {
      this.topic?.publish(data, attributes);
      return this.jobs.publishDeadLetter(data, attributes);
    },
  };
}
