// A worker of a load: the real one, on warehouses in memory, telling when its runs begin and end.
import { processClock } from '../../src/app/process-clock.ts';
import { ByteBudget } from '../../src/etl/byte-budget.ts';
import type { JobKey, JobRequest } from '../../src/job/job.ts';
import { encodeMessage } from '../../src/job/encode-message.ts';
import type { State } from '../../src/state/open-state.ts';
import type { DeliverySource } from '../../src/worker/delivery.ts';
import { republishAbandonedJobs } from '../../src/worker/abandoned-jobs.ts';
import { reapSilentJobs } from '../../src/worker/reaper.ts';
import type { WorkerSettings } from '../../src/worker/worker-context.ts';
import { Worker } from '../../src/worker/worker.ts';
import type { LoadedWarehouses } from './warehouses.ts';

/** Told when a run begins and when it ends, by epochMs(). */
export type RunTold = (what: 'started' | 'ended', key: JobKey, atMs: number) => void;

/** The wall clock to a fraction of a millisecond, the same in every process of a machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Not started yet. */
export function newWorker(
  settings: WorkerSettings,
  state: State,
  deliveries: DeliverySource,
  publishAgain: (data: Uint8Array) => void,
  warehouses: LoadedWarehouses,
  onRun: RunTold,
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
      deliveries,
      publisher: {
        async publishJob(request) {
          publishAgain(encodeMessage(request));
          return 'again';
        },
        publishDeadLetter: () => Promise.reject(new Error('no message is wrong')),
      },
      openSides: warehouses.sides(settings.owner),
      observer: {
        decided: nothing,
        runStarted: (key) => onRun('started', key, epochMs()),
        runEnded: (key) => {
          onRun('ended', key, epochMs());
          warehouses.ended(key.organizationId);
        },
        deadLettered: nothing,
        leaseLost: nothing,
        databaseLost: console.error,
        databaseBack: nothing,
        republished: nothing,
        trouble: console.error,
      },
    },
    [reapSilentJobs, republishAbandonedJobs],
  );
}

/** The message of a job. */
export function messageFor(key: JobKey): Uint8Array {
  const request: Omit<JobRequest, keyof JobKey> = {
    jobType: 'incremental',
    window: undefined,
    requestedBy: undefined,
  };
  return encodeMessage({ ...key, ...request });
}
