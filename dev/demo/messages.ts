// The demo's own hand on Pub/Sub: a message no job could come from.
import { createPubSubClients } from '../../src/pubsub/clients.ts';
import { PUBSUB_PROJECT } from './environments.ts';

/** Publishes the text as it is to the worker's topic. */
export async function publishText(emulatorHost: string, text: string): Promise<void> {
  const clients = createPubSubClients({ projectId: PUBSUB_PROJECT, emulatorHost });
  const topic = `projects/${PUBSUB_PROJECT}/topics/pulse-billing-etl`;
  await clients.publisher.publish({ topic, messages: [{ data: Buffer.from(text) }] });
  await clients.close();
}
