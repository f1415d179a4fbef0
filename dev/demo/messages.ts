// The demo's own hand on Pub/Sub: a message no job could come from, and a look at what became of it.
import { createPubSubClients } from '../../src/pubsub/clients.ts';
import { PUBSUB_PROJECT } from './environments.ts';

/** Publishes the text as it is to the worker's topic. */
export async function publishText(emulatorHost: string, text: string): Promise<void> {
  const clients = createPubSubClients({ projectId: PUBSUB_PROJECT, emulatorHost });
  const topic = `projects/${PUBSUB_PROJECT}/topics/pulse-billing-etl`;
  await clients.publisher.publish({ topic, messages: [{ data: Buffer.from(text) }] });
  await clients.close();
}

/** Waits for the next dead letter and leaves it where it is. */
export async function peekDeadLetter(emulatorHost: string): Promise<{ attributes: Record<string, string> }> {
  const clients = createPubSubClients({ projectId: PUBSUB_PROJECT, emulatorHost });
  const { subscriber } = clients;
  const subscription = `projects/${PUBSUB_PROJECT}/subscriptions/pulse-billing-etl-dead`;
  try {
    for (;;) {
      const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages: 1 });
      const received = receivedMessages?.[0];
      if (!received) continue;
      await subscriber.modifyAckDeadline({
        subscription,
        ackIds: [received.ackId ?? ''],
        ackDeadlineSeconds: 0,
      });
      return { attributes: received.message?.attributes ?? {} };
    }
  } finally {
    await clients.close();
  }
}
