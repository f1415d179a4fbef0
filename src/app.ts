/** The composition root: makes the program from a configuration, opening each part when it is first asked for. */
import { createSidesRegistry } from './app/sides.ts';
import { runDaemon } from './app/daemon.ts';
import { runInForeground } from './app/foreground-run.ts';
import { previewPlan } from './app/preview-plan.ts';
import { projectId } from './app/project-id.ts';
import type { CliApp } from './cli/app-port.ts';
import type { Config } from './config/config.ts';
import { TerminalError } from './job/errors.ts';
import type { Logger } from './observability/logger.ts';
import { createPubSubClients, type PubSubClients } from './pubsub/clients.ts';
import { gcloudCommands, provision, type PubSubNames } from './pubsub/provision.ts';
import { createPublisher } from './pubsub/publisher.ts';
import { openState, type State } from './state/open-state.ts';
import type { Publisher } from './worker/publisher.ts';

/** Nothing is opened before it is used; close() closes whatever was. */
export function createApp({ config, logger }: { config: Config; logger: Logger }): CliApp {
  let state: Promise<State> | undefined;
  let pubsub: PubSubClients | undefined;
  const sides = createSidesRegistry(config);

  const stateOnce = (): Promise<State> => (state ??= openState(config.database).catch(forget));
  // A database that could not be reached is asked again the next time.
  const forget = (error: unknown): never => {
    state = undefined;
    throw error;
  };
  const names = (): PubSubNames => ({ ...config.pubsub, projectId: projectId(config) });
  const clients = (): PubSubClients =>
    (pubsub ??= createPubSubClients({
      projectId: projectId(config),
      serviceAccountFile: config.serviceAccountFile,
      emulatorHost: config.emulators.pubsubHost,
    }));
  const publisher = (): Publisher => createPublisher(clients(), names());

  return {
    config,
    logger,
    openState: stateOnce,
    runWorker: async () =>
      runDaemon({
        config,
        logger,
        sides,
        projectId: projectId(config),
        openState: stateOnce,
        pubsub: clients(),
        publisher: publisher(),
      }),
    provision: async () => ({
      resources: await provision(clients(), names()),
      gcloud: gcloudCommands(names()),
    }),
    publish: (request) => publisher().publishJob(request),
    runJob: async (request, { signal, onProgress }) =>
      runInForeground(request, { config, logger, sides, signal, onProgress, state: await stateOnce() }),
    planJob: async (request) => {
      const organization = await (await stateOnce()).organizations.find(request.organizationId);
      if (!organization) {
        throw new TerminalError(
          'unknown_organization',
          `organization "${request.organizationId}" is not configured`,
        );
      }
      return previewPlan(request, organization, sides.open(organization), config);
    },
    async close() {
      await Promise.allSettled([state?.then((opened) => opened.close()), pubsub?.close(), sides.close()]);
    },
  };
}
