/** Looks at topics and subscriptions without changing them, and says in words what is not as the worker needs it. */
import type { PubSubClients } from './clients.ts';
import { pubSubTrouble } from './errors.ts';
import { differingSettings, type SubscriptionSettings } from './subscription-settings.ts';

/** What was found of a topic or subscription; `denied` when this identity may not ask. */
export type Inspection =
  | { readonly kind: 'as_wanted' }
  | { readonly kind: 'differs'; readonly settings: readonly string[] }
  | { readonly kind: 'not_found' | 'denied' | 'transient' | 'rejected'; readonly message: string };

const IN_TIME = { timeout: 15_000 };

/** Whether the topic exists. */
export function inspectTopic({ publisher }: PubSubClients, topic: string): Promise<Inspection> {
  return inspected(topic, async () => {
    await publisher.getTopic({ topic }, IN_TIME);
    return { kind: 'as_wanted' };
  });
}

/** Whether the subscription exists, is of that topic and has those settings. */
export function inspectSubscription(
  { subscriber }: PubSubClients,
  wanted: SubscriptionSettings & { readonly name: string },
): Promise<Inspection> {
  return inspected(wanted.name, async () => {
    const [existing] = await subscriber.getSubscription({ subscription: wanted.name }, IN_TIME);
    const settings = [
      ...(existing.topic === wanted.topic ? [] : [`topic (it is ${existing.topic})`]),
      ...differingSettings(existing, wanted),
    ];
    return settings.length === 0 ? { kind: 'as_wanted' } : { kind: 'differs', settings };
  });
}

/** Whether this identity may publish to the topic, or pull from the subscription. */
export function inspectRights(
  { publisher, subscriber }: PubSubClients,
  resource: string,
  permission: 'pubsub.topics.publish' | 'pubsub.subscriptions.consume',
): Promise<Inspection> {
  return inspected(resource, async () => {
    const client = permission === 'pubsub.topics.publish' ? publisher : subscriber;
    const request = { resource, permissions: [permission] };
    const [{ permissions }] = await client.testIamPermissions(request as never, IN_TIME);
    if (permissions.includes(permission)) return { kind: 'as_wanted' };
    return { kind: 'denied', message: `this identity lacks ${permission} on ${resource}` };
  });
}

async function inspected(resource: string, look: () => Promise<Inspection>): Promise<Inspection> {
  try {
    return await look();
  } catch (error) {
    return pubSubTrouble(error, resource);
  }
}
