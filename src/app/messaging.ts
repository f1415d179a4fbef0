/** Pub/Sub as the program uses it, opened once: publishing, provisioning, and the clients the worker pulls with. */
import type { Provisioned } from '../cli/app-port.ts';
import type { Config } from '../config/config.ts';
import { createPubSubClients, type PubSubClients } from '../pubsub/clients.ts';
import { gcloudCommands, provision } from '../pubsub/provision.ts';
import { createPublisher } from '../pubsub/publisher.ts';
import type { JobTraces } from '../observability/job-traces.ts';
import type { Publisher } from '../worker/publisher.ts';
import { projectId } from './project-id.ts';
import { spanAttributes } from './traced-observers.ts';

export type Messaging = {
  readonly projectId: string;
  readonly clients: PubSubClients;
  readonly publisher: Publisher;
  provision(): Promise<Provisioned>;
  close(): Promise<void>;
};

/** Throws a TerminalError when PROJECT_ID is not set; nothing is called before it is used. */
export function openMessaging(config: Config, traces?: JobTraces): Messaging {
  const names = { ...config.pubsub, projectId: projectId(config) };
  const clients = createPubSubClients({
    projectId: names.projectId,
    serviceAccountFile: config.serviceAccountFile,
    emulatorHost: config.emulators.pubsubHost,
  });
  return {
    projectId: names.projectId,
    clients,
    publisher: createPublisher(
      clients,
      names,
      traces && ((request, publish) => traces.publish(spanAttributes(request), publish)),
    ),
    provision: async () => ({ resources: await provision(clients, names), gcloud: gcloudCommands(names) }),
    close: () => clients.close(),
  };
}
