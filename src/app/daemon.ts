/** The daemon: waits for its database, pulls jobs and serves the HTTP side until a signal, then drains. */
import type { Config } from '../config/config.ts';
import { startHttpServer } from '../http/server.ts';
import type { Logger } from '../observability/logger.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import type { PubSubClients } from '../pubsub/clients.ts';
import { createPullSubscriber } from '../pubsub/pull-subscriber.ts';
import type { State } from '../state/open-state.ts';
import type { Publisher } from '../worker/publisher.ts';
import { reapSilentJobs } from '../worker/reaper.ts';
import { pruneBeyond } from '../worker/retention.ts';
import type { WorkerContext, WorkerSettings } from '../worker/worker-context.ts';
import { Worker } from '../worker/worker.ts';
import { readyDatabase } from './ready-database.ts';
import { daemonHealth } from './health.ts';
import { runObserver, workerObserver } from './observers.ts';
import { processClock } from './process-clock.ts';
import { createRunServices } from './run-services.ts';
import type { SidesRegistry } from './sides.ts';
import { stopSignal, type StopSignal } from './stop-signal.ts';
import { takeWorkerSlot } from './worker-slot.ts';
import { workerSettings } from './worker-settings.ts';

/** Messages fetched ahead of the slots, so that a slot that falls free has the next job at hand. */
const PREFETCH = 2;

export type Daemon = {
  readonly config: Config;
  readonly projectId: string;
  readonly logger: Logger;
  /** Rejects while the database cannot be reached, and may be called again. */
  readonly openState: () => Promise<State>;
  readonly sides: SidesRegistry;
  readonly pubsub: PubSubClients;
  readonly publisher: Publisher;
};

/** Resolves with the exit code: 0 when every job had stopped at a checkpoint, 1 when some had to be left to their lease or it could not start. */
export async function runDaemon(daemon: Daemon): Promise<number> {
  const { config, logger } = daemon;
  const stop = stopSignal(logger);
  try {
    const settings = workerSettings(config);
    const state = await readyDatabase(daemon.openState, config, logger, stop.signal);
    if (!state || !(await takeWorkerSlot(state, settings, logger, stop.signal)))
      return stop.signal.aborted ? 0 : 1;
    return await serveUntilStopped(daemon, state, settings, stop);
  } finally {
    stop.dispose();
  }
}

async function serveUntilStopped(
  daemon: Daemon,
  state: State,
  settings: WorkerSettings,
  stop: StopSignal,
): Promise<number> {
  const { config, logger } = daemon;
  const metrics = createMetrics();
  const worker = createWorker(daemon, state, settings, metrics);
  const health = daemonHealth(() => worker.state());
  const { host, port, adminToken, publicHealth, publicMetrics } = config.http;
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
  try {
    worker.start();
    logger.info('worker started', {
      subscription: config.pubsub.subscription,
      status_page: `http://${http.address}:${http.port}/`,
      owner: settings.owner,
    });
    await stop.requested;
    const unfinished = await worker.drain();
    logger.info('worker stopped', { unfinished_jobs: unfinished });
    return unfinished === 0 ? 0 : 1;
  } finally {
    await http.close();
  }
}

function createWorker(daemon: Daemon, state: State, settings: WorkerSettings, metrics: Metrics): Worker {
  const { config, logger, publisher, sides } = daemon;
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
  const worker = new Worker(collaborators, [reapSilentJobs, pruneBeyond(config.retentionDays)]);
  metrics.beforeRender(() => {
    const { running, parked } = worker.state();
    metrics.setRunning(running);
    metrics.setParked(parked);
  });
  return worker;
}
