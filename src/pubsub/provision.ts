/** Creates the topics and subscriptions the worker needs, with the settings it relies on; safe to repeat. */
import type { protos } from '@google-cloud/pubsub';
import type { PubSubClients } from './clients.ts';
import { pubSubTrouble, statusCode } from './errors.ts';
import { grpc } from 'google-gax';

export type PubSubNames = {
  readonly projectId: string;
  readonly topic: string;
  readonly subscription: string;
  readonly deadLetterTopic: string;
  readonly deadLetterSubscription: string;
};

export type ProvisionedResource = {
  readonly kind: 'topic' | 'subscription';
  readonly name: string;
  readonly state: 'created' | 'exists' | 'updated';
};

const DAY_SECONDS = 86_400;
/** Retry policy and backstop. Each drain and each lost lease spends a delivery attempt, so the limit is the highest allowed. */
const SETTINGS = {
  ackDeadlineSeconds: 60,
  retentionSeconds: 7 * DAY_SECONDS,
  minimumBackoffSeconds: 10,
  maximumBackoffSeconds: 600,
  maxDeliveryAttempts: 100,
} as const;

type SubscriptionSettings = protos.google.pubsub.v1.ISubscription;

/** Creates what is missing and sets what differs; says for each resource what it found. Rejects with a sentence that says what to mend. */
export async function provision(clients: PubSubClients, names: PubSubNames): Promise<ProvisionedResource[]> {
  const path = (kind: 'topics' | 'subscriptions', name: string): string =>
    `projects/${names.projectId}/${kind}/${name}`;
  const topic = path('topics', names.topic);
  const deadLetterTopic = path('topics', names.deadLetterTopic);
  return [
    await ensureTopic(clients, deadLetterTopic),
    await ensureTopic(clients, topic),
    await ensureSubscription(
      clients,
      deadLetterSettings(path('subscriptions', names.deadLetterSubscription), deadLetterTopic),
    ),
    await ensureSubscription(
      clients,
      workerSettings(path('subscriptions', names.subscription), topic, deadLetterTopic),
    ),
  ];
}

/** The same as shell commands, for people who keep their infrastructure elsewhere. */
export function gcloudCommands(names: PubSubNames): string[] {
  const project = `--project=${names.projectId}`;
  return [
    `gcloud pubsub topics create ${names.deadLetterTopic} ${project}`,
    `gcloud pubsub topics create ${names.topic} ${project}`,
    `gcloud pubsub subscriptions create ${names.deadLetterSubscription} ${project} --topic=${names.deadLetterTopic} --ack-deadline=${SETTINGS.ackDeadlineSeconds} --message-retention-duration=${SETTINGS.retentionSeconds}s --expiration-period=never`,
    `gcloud pubsub subscriptions create ${names.subscription} ${project} --topic=${names.topic} --ack-deadline=${SETTINGS.ackDeadlineSeconds} --message-retention-duration=${SETTINGS.retentionSeconds}s --expiration-period=never --min-retry-delay=${SETTINGS.minimumBackoffSeconds}s --max-retry-delay=${SETTINGS.maximumBackoffSeconds}s --dead-letter-topic=${names.deadLetterTopic} --max-delivery-attempts=${SETTINGS.maxDeliveryAttempts}`,
  ];
}

function workerSettings(name: string, topic: string, deadLetterTopic: string): SubscriptionSettings {
  return {
    name,
    topic,
    ackDeadlineSeconds: SETTINGS.ackDeadlineSeconds,
    messageRetentionDuration: { seconds: SETTINGS.retentionSeconds },
    expirationPolicy: {},
    retryPolicy: {
      minimumBackoff: { seconds: SETTINGS.minimumBackoffSeconds },
      maximumBackoff: { seconds: SETTINGS.maximumBackoffSeconds },
    },
    deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: SETTINGS.maxDeliveryAttempts },
  };
}

function deadLetterSettings(name: string, topic: string): SubscriptionSettings {
  return {
    name,
    topic,
    ackDeadlineSeconds: SETTINGS.ackDeadlineSeconds,
    messageRetentionDuration: { seconds: SETTINGS.retentionSeconds },
    expirationPolicy: {},
  };
}

async function ensureTopic({ publisher }: PubSubClients, name: string): Promise<ProvisionedResource> {
  const created = await createdUnlessExists(name, () => publisher.createTopic({ name }));
  return { kind: 'topic', name, state: created ? 'created' : 'exists' };
}

async function ensureSubscription(
  { subscriber }: PubSubClients,
  wanted: SubscriptionSettings,
): Promise<ProvisionedResource> {
  const name = wanted.name ?? '';
  if (await createdUnlessExists(name, () => subscriber.createSubscription(wanted))) {
    return { kind: 'subscription', name, state: 'created' };
  }
  const [existing] = await subscriber.getSubscription({ subscription: name });
  if (existing.topic !== wanted.topic) {
    throw new Error(
      `${name} is a subscription of ${existing.topic}, not of ${wanted.topic}; choose another SUBSCRIPTION or delete it`,
    );
  }
  const paths = differingSettings(existing, wanted);
  if (paths.length === 0) return { kind: 'subscription', name, state: 'exists' };
  await subscriber.updateSubscription({ subscription: wanted, updateMask: { paths } });
  return { kind: 'subscription', name, state: 'updated' };
}

type ComparedSettings = Pick<
  SubscriptionSettings,
  'ackDeadlineSeconds' | 'messageRetentionDuration' | 'retryPolicy' | 'deadLetterPolicy'
>;

function differingSettings(existing: ComparedSettings, wanted: ComparedSettings): string[] {
  const compared: readonly [string, (settings: ComparedSettings) => unknown][] = [
    ['ack_deadline_seconds', (settings) => settings.ackDeadlineSeconds],
    ['message_retention_duration', (settings) => Number(settings.messageRetentionDuration?.seconds)],
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

async function createdUnlessExists(name: string, create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (error) {
    if (statusCode(error) === grpc.status.ALREADY_EXISTS) return false;
    throw new Error(pubSubTrouble(error, name).message, { cause: error });
  }
}
