/** The daemon: waits for its database, pulls jobs and serves the HTTP side until a signal, then drains. */
import type { Config } from '../config/config.ts';
import { startHttpServer } from '../http/server.ts';
import { formatInstant } from '../job/instant.ts';
import type { Logger } from '../observability/logger.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import type { PubSubClients } from '../pubsub/clients.ts';
import { createPullSubscriber } from '../pubsub/pull-subscriber.ts';
import type { State } from '../state/open-state.ts';
import type { Publisher } from '../worker/publisher.ts';
import { reapSilentJobs } from '../worker/reaper.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { Worker } from '../worker/worker.ts';
import { databaseReady } from './database-ready.ts';
import { daemonHealth } from './health.ts';
import { runObserver, workerObserver } from './observers.ts';
import { processClock } from './process-clock.ts';
import { createRunServices } from './run-services.ts';
import type { SidesRegistry } from './sides.ts';
import { stopSignal } from './stop-signal.ts';
import { workerSettings } from './worker-settings.ts';

/** Messages fetched ahead of the slots, so that a slot that falls free has the next job at hand. */
const PREFETCH = 2;

export type Daemon = {
  readonly config: Config;
  readonly projectId: string;
  readonly logger: Logger;
  readonly state: State;
  readonly sides: SidesRegistry;
  readonly pubsub: PubSubClients;
  readonly publisher: Publisher;
};

/** Resolves with the exit code: 0 when every job had stopped at a checkpoint, 1 when some had to be left to their lease. */
export async function runDaemon(daemon: Daemon): Promise<number> {
  const { config, logger, state } = daemon;
  const metrics = createMetrics();
  const stop = stopSignal(logger);
  const worker = createWorker(daemon, metrics);
  const { host, port, adminToken, publicHealth, publicMetrics } = config.http;
  const health = daemonHealth(() => worker.state());
  const http = await startHttpServer({
    host,
    port,
    adminToken,
    publicHealth,
    publicMetrics,
    state,
    metrics,
    health,
    logger,
  });
  logger.info('serving HTTP', { address: `http://${http.address}:${http.port}/` });
  try {
    const ready = await databaseReady(state, config, logger, stop.signal);
    if (!ready) return stop.signal.aborted ? 0 : 1;
    logger.info('worker started', {
      subscription: config.pubsub.subscription,
      database_time: formatInstant(await state.now()),
    });
    worker.start();
    await stop.requested;
    const unfinished = await worker.drain();
    logger.info('worker stopped', { unfinished_jobs: unfinished });
    return unfinished === 0 ? 0 : 1;
  } finally {
    await http.close();
    stop.dispose();
  }
}

function createWorker(daemon: Daemon, metrics: Metrics): Worker {
  const { config, logger, state, publisher, sides } = daemon;
  const settings = workerSettings(config);
  const collaborators: Omit<WorkerContext, 'held' | 'running'> = {
    settings,
    services: createRunServices(config, state, runObserver(logger, metrics)),
    deliveries: createPullSubscriber({
      clients: daemon.pubsub,
      projectId: daemon.projectId,
      subscription: config.pubsub.subscription,
      maxOutstanding: settings.maxConcurrentJobs + PREFETCH + settings.parkedLimit,
      clientId: settings.owner,
      clock: processClock,
      random: Math.random,
      onAckFailure: (kind, message) => {
        metrics.ackFailed(kind);
        logger.warn(`${kind} of held messages failed`, { error: message });
      },
      onTrouble: (message) => logger.error('pulling is interrupted', { error: message }),
    }),
    publisher,
    openSides: (organization) => sides.open(organization),
    observer: workerObserver(logger, metrics),
  };
  const worker = new Worker(collaborators, [reapSilentJobs]);
  metrics.beforeRender(() => {
    const { running, parked } = worker.state();
    metrics.setRunning(running);
    metrics.setParked(parked);
  });
  return worker;
}
