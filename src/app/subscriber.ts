/** A pull from one of the two subscriptions, whose failures are logged and counted. */
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { PubSubClients } from '../pubsub/clients.ts';
import { createPullSubscriber } from '../pubsub/pull-subscriber.ts';
import type { DeliverySource } from '../worker/delivery.ts';
import { processClock } from './process-clock.ts';

type Pull = {
  readonly clients: PubSubClients;
  readonly projectId: string;
  readonly subscription: string;
  readonly maxOutstanding: number;
  readonly clientId: string;
};

/** Receives nothing before it is started. */
export function subscriberOf(pull: Pull, logger: Logger, metrics: Metrics): DeliverySource {
  const { subscription } = pull;
  return createPullSubscriber({
    ...pull,
    clock: processClock,
    random: Math.random,
    onAckFailure: (kind, message) => {
      metrics.ackFailed(kind);
      logger.warn(`${kind} of held messages failed`, { subscription, error: message });
    },
    onTrouble: (message) => logger.error('pulling is interrupted', { subscription, error: message }),
  });
}
