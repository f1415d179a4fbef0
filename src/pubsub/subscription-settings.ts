/** The settings of the two subscriptions that the worker relies on, and in which of them a subscription differs. */
import type { protos } from '@google-cloud/pubsub';

export type SubscriptionSettings = Pick<
  protos.google.pubsub.v1.ISubscription,
  | 'name'
  | 'topic'
  | 'ackDeadlineSeconds'
  | 'messageRetentionDuration'
  | 'expirationPolicy'
  | 'retryPolicy'
  | 'deadLetterPolicy'
>;

const DAY_SECONDS = 86_400;
/** Retry policy and backstop. Each drain and each lost lease spends a delivery attempt, so the limit is the highest allowed. */
export const SETTINGS = {
  ackDeadlineSeconds: 60,
  retentionSeconds: 7 * DAY_SECONDS,
  minimumBackoffSeconds: 10,
  maximumBackoffSeconds: 600,
  maxDeliveryAttempts: 100,
} as const;

/** The subscription jobs are pulled from. */
export function workerSubscription(
  name: string,
  topic: string,
  deadLetterTopic: string,
): SubscriptionSettings & { name: string } {
  return {
    ...deadLetterSubscription(name, topic),
    retryPolicy: {
      minimumBackoff: { seconds: SETTINGS.minimumBackoffSeconds },
      maximumBackoff: { seconds: SETTINGS.maximumBackoffSeconds },
    },
    deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: SETTINGS.maxDeliveryAttempts },
  };
}

/** The subscription that keeps dead letters; it must not vanish for want of a reader. */
export function deadLetterSubscription(name: string, topic: string): SubscriptionSettings & { name: string } {
  return {
    name,
    topic,
    ackDeadlineSeconds: SETTINGS.ackDeadlineSeconds,
    messageRetentionDuration: { seconds: SETTINGS.retentionSeconds },
    expirationPolicy: {},
  };
}

/** Paths, for an update mask, of the settings that differ. */
export function differingSettings(existing: SubscriptionSettings, wanted: SubscriptionSettings): string[] {
  const compared: readonly [string, (settings: SubscriptionSettings) => unknown][] = [
    ['ack_deadline_seconds', (settings) => settings.ackDeadlineSeconds],
    ['message_retention_duration', (settings) => Number(settings.messageRetentionDuration?.seconds)],
    // Without one, or with an empty one, a subscription never expires.
    ['expiration_policy', ({ expirationPolicy: policy }) => policy?.ttl && Number(policy.ttl.seconds)],
    [
      'retry_policy',
      ({ retryPolicy: policy }) =>
        policy && [Number(policy.minimumBackoff?.seconds), Number(policy.maximumBackoff?.seconds)],
    ],
    [
      'dead_letter_policy',
      ({ deadLetterPolicy: policy }) => policy && [policy.deadLetterTopic, policy.maxDeliveryAttempts],
    ],
  ];
  return compared
    .filter(([, of]) => JSON.stringify(of(existing) ?? null) !== JSON.stringify(of(wanted) ?? null))
    .map(([path]) => path);
}
