/** What doctor looks at in Pub/Sub: topics, subscriptions with their settings, and the rights of this identity. */
import { broken, ok, skipped, warning, type Finding, type HealthCheck } from '../../cli/health-check.ts';
import type { Config } from '../../config/config.ts';
import { inspectRights, inspectSubscription, inspectTopic, type Inspection } from '../../pubsub/inspect.ts';
import { deadLetterSubscription, workerSubscription } from '../../pubsub/subscription-settings.ts';
import type { Messaging } from '../messaging.ts';

const PROVISION = 'run pulse-billing-etl provision, which creates what is missing and sets what differs';

/** One check for each topic, subscription and right. */
export function pubSubChecks(config: Config, messaging: () => Promise<Messaging>): HealthCheck[] {
  const { topic, subscription, deadLetterTopic, deadLetterSubscription: dead } = config.pubsub;
  const path = (kind: 'topics' | 'subscriptions', id: string): string =>
    `projects/${config.projectId}/${kind}/${id}`;
  const topics = { jobs: path('topics', topic), dead: path('topics', deadLetterTopic) };
  const jobs = workerSubscription(path('subscriptions', subscription), topics.jobs, topics.dead);
  const letters = deadLetterSubscription(path('subscriptions', dead), topics.dead);
  const check = (name: string, look: (messaging: Messaging) => Promise<Inspection>): HealthCheck => ({
    name: `Pub/Sub ${name}`,
    look: async () =>
      config.projectId === undefined
        ? broken('PROJECT_ID is not set', 'set it to the project of the topics and subscriptions')
        : findingOf(await look(await messaging())),
  });
  const rights = (
    name: string,
    resource: string,
    permission: Parameters<typeof inspectRights>[2],
  ): HealthCheck =>
    config.emulators.pubsubHost === undefined
      ? check(name, ({ clients }) => inspectRights(clients, resource, permission))
      : { name: `Pub/Sub ${name}`, look: async () => skipped('an emulator grants everything') };
  return [
    check(`topic ${topic}`, ({ clients }) => inspectTopic(clients, topics.jobs)),
    check(`topic ${deadLetterTopic}`, ({ clients }) => inspectTopic(clients, topics.dead)),
    check(`subscription ${subscription}`, ({ clients }) => inspectSubscription(clients, jobs)),
    check(`subscription ${dead}`, ({ clients }) => inspectSubscription(clients, letters)),
    rights(`right to publish to ${topic}`, topics.jobs, 'pubsub.topics.publish'),
    rights(`right to publish to ${deadLetterTopic}`, topics.dead, 'pubsub.topics.publish'),
    rights(`right to pull from ${subscription}`, jobs.name, 'pubsub.subscriptions.consume'),
    rights(`right to pull from ${dead}`, letters.name, 'pubsub.subscriptions.consume'),
  ];
}

function findingOf(inspection: Inspection): Finding {
  switch (inspection.kind) {
    case 'as_wanted':
      return ok('as it must be');
    case 'differs':
      return broken(`differs in ${inspection.settings.join(', ')}`, PROVISION);
    case 'not_found':
      return broken('does not exist', PROVISION);
    case 'denied':
      // A worker that may pull and publish need not be allowed to look.
      return warning(
        inspection.message,
        'grant roles/pubsub.viewer to look, publisher and subscriber to work',
      );
    case 'transient':
    case 'rejected':
      return broken(inspection.message, 'check the network, the credentials and PROJECT_ID');
  }
}
