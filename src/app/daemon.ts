/** The daemon: waits for its database, pulls jobs and serves the HTTP side until a signal, then drains. */
import type { Config } from '../config/config.ts';
import type { PushRoute } from '../http/push-route.ts';
import type { CallRates } from '../bigquery/call-rates.ts';
import { startHttpServer, type HttpServer } from '../http/server.ts';
import type { Logger } from '../observability/logger.ts';
import type { JobTraces } from '../observability/job-traces.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import type { PubSubClients } from '../pubsub/clients.ts';
import type { State } from '../state/open-state.ts';
import type { Publisher } from '../worker/publisher.ts';
import type { AlertSender } from '../worker/alert-sender.ts';
import { watchDeliveries } from '../worker/delivery-watch.ts';
import { fileDeadLetters } from '../worker/file-dead-letters.ts';
import { shareRates } from '../worker/share-rates.ts';
import { sendOutbox } from '../worker/outbox.ts';
import { republishAbandonedJobs } from '../worker/abandoned-jobs.ts';
import { reapSilentJobs } from '../worker/reaper.ts';
import { pruneBeyond } from '../worker/retention.ts';
import type { WorkerContext, WorkerSettings } from '../worker/worker-context.ts';
import { watchStaleOrganizations } from '../worker/stale-organizations.ts';
import { Worker } from '../worker/worker.ts';
import { createAlertSender } from './alert-sender.ts';
import { checkModules } from './load-transforms.ts';
import { readyDatabase } from './ready-database.ts';
import { daemonHealth, type DaemonState } from './health.ts';
import { lateState } from './late-state.ts';
import { runObserver, workerObserver, type TraceOf } from './observers.ts';
import { watchProcess, type ProcessWatch } from './process-watch.ts';
import { openPush } from './push.ts';
import { createRunServices } from './run-services.ts';
import type { SidesRegistry } from './sides.ts';
import { subscriberOf } from './subscriber.ts';
import { tracedRunObserver, tracedWorkerObserver } from './traced-observers.ts';
import { stopSignal, type StopSignal } from './stop-signal.ts';
import { takeWorkerSlot } from './worker-slot.ts';
import { workerSettings } from './worker-settings.ts';

/** Messages fetched ahead of the slots, so that a slot that falls free has the next job at hand. */
const PREFETCH = 2;
/** Dead letters are few and small: each waits for its row only. */
const DEAD_LETTERS_AT_ONCE = 20;

export type Daemon = {
  readonly config: Config;
  readonly projectId: string;
  readonly logger: Logger;
  /** Rejects while the database cannot be reached, and may be called again. */
  readonly openState: () => Promise<State>;
  /** Loads BigQuery's clients, which takes a while. */
  readonly openSides: () => Promise<SidesRegistry>;
  readonly rates: CallRates;
  readonly pubsub: PubSubClients;
  readonly publisher: Publisher;
  /** Undefined: no spans are made. */
  readonly traces: JobTraces | undefined;
};

/** Resolves with the exit code: 0 when every job had stopped at a checkpoint, 1 when some had to be left to their lease or it could not start. */
export async function runDaemon(daemon: Daemon): Promise<number> {
  const { jobs } = daemon.config;
  const stop = stopSignal(daemon.logger, jobs.drainTimeoutMs);
  const metrics = createMetrics();
  const progress: Progress = { state: undefined, worker: undefined, waitingFor: 'waiting for the database' };
  const watch = watchProcess(jobs.leaseMs, () => daemonState(progress), daemon.logger);
  try {
    const push = openPush(daemon.config, daemon.projectId);
    const http = await serveHttp(daemon, metrics, progress, push, watch);
    try {
      const code = await workUntilStopped(daemon, metrics, progress, http, push, stop);
      return watch.verdict() === 'fine' ? code : 1;
    } finally {
      await http.close();
    }
  } finally {
    watch.stop();
    stop.dispose();
  }
}

/** How far the daemon has come; the HTTP side answers from it. */
type Progress = { state: State | undefined; worker: Worker | undefined; waitingFor: string };

function daemonState({ worker, waitingFor }: Progress): DaemonState {
  return worker?.state() ?? { phase: 'waiting', why: waitingFor };
}

/** Listens before anything else, so that probes see a process that waits for its database and not one that is gone. */
function serveHttp(
  { config, logger, projectId, publisher }: Daemon,
  metrics: Metrics,
  progress: Progress,
  push: PushRoute | undefined,
  watch: ProcessWatch,
): Promise<HttpServer> {
  const { host, port, adminToken, publicHealth, publicMetrics } = config.http;
  const health = daemonHealth(
    () => daemonState(progress),
    () => watch.verdict(),
  );
  const state = lateState(() => progress.state);
  return startHttpServer({
    host,
    port,
    adminToken,
    publicHealth,
    publicMetrics,
    state,
    metrics,
    health,
    environment: { kind: config.emulators.source === undefined ? 'project' : 'emulator', name: projectId },
    push,
    publishJob: (request) => publisher.publishJob(request),
    logger,
  });
}

async function workUntilStopped(
  daemon: Daemon,
  metrics: Metrics,
  progress: Progress,
  http: HttpServer,
  push: PushRoute | undefined,
  stop: StopSignal,
): Promise<number> {
  const { config, logger } = daemon;
  const settings = workerSettings(config);
  await checkModules(config.jobs);
  const sendAlert = await createAlertSender(config, logger);
  const onWaiting = (why: string): void => void (progress.waitingFor = why);
  progress.state = await readyDatabase({ ...daemon, signal: stop.signal, onWaiting });
  if (!progress.state) return stop.signal.aborted ? 0 : 1;
  progress.waitingFor = 'waiting until no other worker uses the SQLite file';
  if (!(await takeWorkerSlot(progress.state, settings, logger, stop.signal)))
    return stop.signal.aborted ? 0 : 1;
  const worker = createWorker(daemon, push, progress.state, settings, metrics, sendAlert);
  progress.worker = worker;
  worker.start();
  // While the stream connects; the first job finds them there. A failure is told by that job.
  void daemon.openSides().catch(() => undefined);
  logger.info('worker started', {
    subscription: config.pubsub.subscription,
    delivery: push ? 'push' : 'pull',
    status_page: `http://${http.address}:${http.port}/`,
    owner: settings.owner,
  });
  await stop.requested;
  const unfinished = await worker.drain();
  logger.info('worker stopped', { unfinished_jobs: unfinished });
  return unfinished === 0 ? 0 : 1;
}

function createWorker(
  daemon: Daemon,
  push: PushRoute | undefined,
  state: State,
  settings: WorkerSettings,
  metrics: Metrics,
  sendAlert: AlertSender,
): Worker {
  const { config, logger, publisher, rates, traces } = daemon;
  const traceOf: TraceOf = (job) => traces?.contextOf(job);
  const pull = { clients: daemon.pubsub, projectId: daemon.projectId, clientId: settings.owner };
  const jobs = {
    subscription: config.pubsub.subscription,
    maxOutstanding: settings.maxConcurrentJobs + PREFETCH + settings.parkedLimit,
  };
  const dead = {
    subscription: config.pubsub.deadLetterSubscription,
    maxOutstanding: DEAD_LETTERS_AT_ONCE,
  };
  const collaborators: Omit<WorkerContext, 'held' | 'running'> = {
    settings,
    services: createRunServices(
      config,
      state,
      tracedRunObserver(runObserver(logger, metrics, traceOf), traces),
    ),
    deliveries: push?.deliveries ?? subscriberOf({ ...pull, ...jobs }, logger, metrics),
    publisher,
    openSides: async (organization) => (await daemon.openSides()).open(organization),
    observer: tracedWorkerObserver(workerObserver(logger, metrics, traceOf), traces),
  };
  const worker = new Worker(collaborators, [
    reapSilentJobs,
    republishAbandonedJobs,
    watchDeliveries,
    shareRates(rates),
    pruneBeyond(config.retentionDays),
    fileDeadLetters(subscriberOf({ ...pull, ...dead }, logger, metrics)),
    sendOutbox(sendAlert),
    watchStaleOrganizations(config.staleAfterMs),
  ]);
  rates.observe({
    waited: (call, ms) => metrics.callWaited(call, ms / 1_000),
    slowed: (call) => {
      metrics.callsSlowed(call);
      logger.warn('BigQuery refused for too many calls: they come at half the rate for a while', { call });
    },
  });
  metrics.beforeRender(() => {
    const { running, parked } = worker.state();
    metrics.setRunning(running);
    metrics.setParked(parked);
  });
  metrics.beforeRender(async () => metrics.setBacklog(await state.jobs.backlog()));
  return worker;
}
