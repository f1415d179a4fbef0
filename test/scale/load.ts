// One load: real workers in this process, each with its own connections, on one database; resolves when every message is acked.
import assert from 'node:assert/strict';
import { processClock } from '../../src/app/process-clock.ts';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import { encodeMessage } from '../../src/job/encode-message.ts';
import { jobName, type JobKey } from '../../src/job/job.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { reapSilentJobs } from '../../src/worker/reaper.ts';
import type { WorkerSettings } from '../../src/worker/worker-context.ts';
import { Worker } from '../../src/worker/worker.ts';
import { MessageQueue } from './message-queue.ts';
import { loadedWarehouses, type LoadedWarehouses } from './warehouses.ts';

const PREFETCH = 2;
const LOOK_MS = 50;

export type Load = {
  readonly database: DatabaseSettings;
  readonly workers: number;
  readonly maxConcurrentJobs: number;
  readonly parkedLimit: number;
  /** A third of it is how often a waiting job looks whether another worker's has ended. */
  readonly leaseMs: number;
  /** In the order of their messages, which are all there at the beginning. */
  readonly jobs: readonly JobKey[];
  /** What each call of a warehouse takes. */
  readonly callMs: number;
};

/** Milliseconds since the messages were there. */
export type JobTimes = { readonly key: JobKey; readonly startedMs: number; readonly ackedMs: number };

export type LoadResult = {
  readonly times: readonly JobTimes[];
  readonly seconds: number;
  /** Calls of both warehouses, by operation. */
  readonly calls: ReadonlyMap<string, number>;
};

/** What watches a load while it goes on: begins when the messages are published, looks again and again, ends with the last ack. */
export type LoadWatch = { begin(): Promise<void>; look(): Promise<void>; end(): Promise<void> };

/** Migrates the database, carries the load, and fails unless every job ended in SUCCESS and every copy holds its rows once. */
export async function carryLoad(load: Load, watch?: LoadWatch): Promise<LoadResult> {
  const states = await Promise.all(Array.from({ length: load.workers }, () => openState(load.database)));
  try {
    const [first] = states;
    assert.ok(first);
    await first.migrate();
    const organizations = [...new Set(load.jobs.map(({ organizationId }) => organizationId))];
    const warehouses = await loadedWarehouses(first, organizations, load.callMs);
    const result = await carry(load, states, warehouses, watch);
    await proveThatAllArrived(first, load.jobs, warehouses);
    return result;
  } finally {
    await Promise.all(states.map((state) => state.close()));
  }
}

async function carry(
  { jobs, leaseMs, maxConcurrentJobs, parkedLimit }: Load,
  states: readonly State[],
  warehouses: LoadedWarehouses,
  watch?: LoadWatch,
): Promise<LoadResult> {
  const startedAtMs = new Map<string, number>();
  const onStart = (key: JobKey): void => {
    if (!startedAtMs.has(jobName(key))) startedAtMs.set(jobName(key), performance.now());
  };
  const queue = new MessageQueue(maxConcurrentJobs + PREFETCH + parkedLimit);
  const settings = { leaseMs, drainTimeoutMs: 25_000, maxConcurrentJobs, parkedLimit };
  const workers = states.map((state, at) =>
    newWorker({ owner: `worker-${at}`, ...settings }, state, queue, warehouses, onStart),
  );
  for (const worker of workers) worker.start();
  await watch?.begin();
  const beganMs = performance.now();
  queue.publish(jobs.map((key) => ({ messageId: jobName(key), data: messageFor(key) })));
  while (queue.ackedAtMs.size < jobs.length) {
    await processClock.sleep(LOOK_MS);
    await watch?.look();
  }
  await watch?.end();
  await Promise.all(workers.map((worker) => worker.drain()));
  const since = (times: ReadonlyMap<string, number>, key: JobKey): number =>
    (times.get(jobName(key)) ?? NaN) - beganMs;
  const times = jobs.map((key) => ({
    key,
    startedMs: since(startedAtMs, key),
    ackedMs: since(queue.ackedAtMs, key),
  }));
  const seconds = Math.max(...times.map(({ ackedMs }) => ackedMs)) / 1_000;
  return { times, seconds, calls: warehouses.calls };
}

function newWorker(
  settings: WorkerSettings,
  state: State,
  queue: MessageQueue,
  warehouses: LoadedWarehouses,
  onStart: (key: JobKey) => void,
): Worker {
  const nothing = (): void => undefined;
  return new Worker(
    {
      settings,
      services: {
        state,
        settings: { maxRetries: 3, retryDelayMs: 5_000, batchRows: 50_000, readStreams: 2, build: 'load' },
        budget: new ByteBudget(128 * 1024 * 1024),
        clock: processClock,
        random: Math.random,
        observer: { stepStarted: nothing, stepFinished: nothing, checkpoint: nothing, note: nothing },
      },
      deliveries: queue.subscribe(),
      publisher: {
        publishJob: (request) => queue.publishAgain(messageFor(request)),
        publishDeadLetter: () => Promise.reject(new Error('no message is wrong')),
      },
      openSides: warehouses.sides(settings.owner),
      observer: {
        decided: nothing,
        runStarted: onStart,
        runEnded: (key) => warehouses.grow(key.organizationId),
        deadLettered: nothing,
        leaseLost: nothing,
        databaseLost: console.error,
        databaseBack: nothing,
        republished: nothing,
        trouble: console.error,
      },
    },
    [reapSilentJobs],
  );
}

function messageFor(key: JobKey): Uint8Array {
  const request = { jobType: 'incremental', window: undefined, requestedBy: undefined } as const;
  return Buffer.from(encodeMessage({ ...key, ...request }));
}

async function proveThatAllArrived(
  state: State,
  jobs: readonly JobKey[],
  warehouses: LoadedWarehouses,
): Promise<void> {
  for (const key of jobs) {
    const job = await state.jobs.find(key);
    assert.equal(job?.status, 'SUCCESS', `${jobName(key)}: ${job?.errorMessage}`);
    warehouses.proveCopied(key.organizationId);
  }
}
