/** Creates the topics and subscriptions the worker needs, with the settings it relies on; safe to repeat. */
import { grpc } from 'google-gax';
import type { PubSubClients } from './clients.ts';
import { pubSubTrouble, statusCode } from './errors.ts';
import {
  deadLetterSubscription,
  differingSettings,
  SETTINGS,
  workerSubscription,
  type SubscriptionSettings,
} from './subscription-settings.ts';

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

/** Somebody waits at a terminal: without this the client tries an unreachable service for ten minutes. */
const IN_TIME = { timeout: 20_000 };

/** Creates what is missing and sets what differs; says for each resource what it found. Rejects with a sentence that says what to mend. */
export async function provision(clients: PubSubClients, names: PubSubNames): Promise<ProvisionedResource[]> {
  const path = (kind: 'topics' | 'subscriptions', name: string): string =>
    `projects/${names.projectId}/${kind}/${name}`;
  const topic = path('topics', names.topic);
  const deadLetterTopic = path('topics', names.deadLetterTopic);
  const dead = deadLetterSubscription(path('subscriptions', names.deadLetterSubscription), deadLetterTopic);
  const jobs = workerSubscription(path('subscriptions', names.subscription), topic, deadLetterTopic);
  return [
    await ensureTopic(clients, deadLetterTopic),
    await ensureTopic(clients, topic),
    await ensureSubscription(clients, dead),
    await ensureSubscription(clients, jobs),
  ];
}

/** The same as shell commands, for people who keep their infrastructure elsewhere. */
export function gcloudCommands(names: PubSubNames): string[] {
  const project = `--project=${names.projectId}`;
  const kept = `--ack-deadline=${SETTINGS.ackDeadlineSeconds} --message-retention-duration=${SETTINGS.retentionSeconds}s --expiration-period=never`;
  const retried = `--min-retry-delay=${SETTINGS.minimumBackoffSeconds}s --max-retry-delay=${SETTINGS.maximumBackoffSeconds}s`;
  const givenUp = `--dead-letter-topic=${names.deadLetterTopic} --max-delivery-attempts=${SETTINGS.maxDeliveryAttempts}`;
  // Pub/Sub itself forwards dead letters, as its own service account. Source: Pub/Sub documentation, dead-letter topics.
  const agent = `--member="serviceAccount:service-$(gcloud projects describe ${names.projectId} --format='value(projectNumber)')@gcp-sa-pubsub.iam.gserviceaccount.com"`;
  return [
    `gcloud pubsub topics create ${names.deadLetterTopic} ${project}`,
    `gcloud pubsub topics create ${names.topic} ${project}`,
    `gcloud pubsub subscriptions create ${names.deadLetterSubscription} ${project} --topic=${names.deadLetterTopic} ${kept}`,
    `gcloud pubsub subscriptions create ${names.subscription} ${project} --topic=${names.topic} ${kept} ${retried} ${givenUp}`,
    `gcloud pubsub topics add-iam-policy-binding ${names.deadLetterTopic} ${project} ${agent} --role=roles/pubsub.publisher`,
    `gcloud pubsub subscriptions add-iam-policy-binding ${names.subscription} ${project} ${agent} --role=roles/pubsub.subscriber`,
  ];
}

async function ensureTopic({ publisher }: PubSubClients, name: string): Promise<ProvisionedResource> {
  const created = await createdUnlessExists(name, () => publisher.createTopic({ name }, IN_TIME));
  return { kind: 'topic', name, state: created ? 'created' : 'exists' };
}

async function ensureSubscription(
  { subscriber }: PubSubClients,
  wanted: SubscriptionSettings & { name: string },
): Promise<ProvisionedResource> {
  const { name } = wanted;
  if (await createdUnlessExists(name, () => subscriber.createSubscription(wanted, IN_TIME)))
    return { kind: 'subscription', name, state: 'created' };
  const [existing] = await mended(name, subscriber.getSubscription({ subscription: name }, IN_TIME));
  if (existing.topic !== wanted.topic) {
    throw new Error(
      `${name} is a subscription of ${existing.topic}, not of ${wanted.topic}; choose another SUBSCRIPTION or delete it`,
    );
  }
  const paths = differingSettings(existing, wanted);
  if (paths.length === 0) return { kind: 'subscription', name, state: 'exists' };
  await mended(name, subscriber.updateSubscription({ subscription: wanted, updateMask: { paths } }, IN_TIME));
  return { kind: 'subscription', name, state: 'updated' };
}

async function createdUnlessExists(name: string, create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (error) {
    if (statusCode(error) === grpc.status.ALREADY_EXISTS) return false;
    return mended(name, Promise.reject(error as Error));
  }
}

/** The answer, or an error whose sentence says how to mend it. */
async function mended<T>(name: string, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new Error(pubSubTrouble(error, name).message, { cause: error });
  });
}
