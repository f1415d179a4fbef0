// The workers of a load, all in this process.
import { openState } from '../../src/state/open-state.ts';
import type { WorkerSettings } from '../../src/worker/worker-context.ts';
import type { Load } from './given-load.ts';
import type { MessageQueue } from './message-queue.ts';
import { newWorker, type RunTold } from './new-worker.ts';
import { loadedWarehouses } from './warehouses.ts';

/** Workers that take messages from one queue. */
export type Crew = {
  /** The processes the workers are in. */
  readonly pids: readonly number[];
  start(): void;
  /** Ends the workers; throws when a copy does not hold its rows once. Returns calls of the warehouses, by operation. */
  finish(): Promise<ReadonlyMap<string, number>>;
};

/** All workers in this process, so that one core is their limit. */
export async function crewInThisProcess(
  load: Load,
  organizations: readonly string[],
  queue: MessageQueue,
  onRun: RunTold,
): Promise<Crew> {
  const warehouses = loadedWarehouses(organizations, load.callMs);
  const states = await Promise.all(Array.from({ length: load.workers }, () => openState(load.database)));
  const workers = states.map((state, at) =>
    newWorker(
      settingsOf(load, at),
      state,
      queue.subscribe(),
      (data) => queue.publishAgain(data),
      warehouses,
      onRun,
    ),
  );
  return {
    pids: [process.pid],
    start: () => workers.forEach((worker) => worker.start()),
    async finish() {
      await Promise.all(workers.map((worker) => worker.drain()));
      await Promise.all(states.map((state) => state.close()));
      warehouses.proveCopied();
      return warehouses.calls;
    },
  };
}

/** The settings of one of its workers. */
export function settingsOf({ leaseMs, maxConcurrentJobs, parkedLimit }: Load, at: number): WorkerSettings {
  const owner = `worker-${at}`;
  const [drainTimeoutMs, noProgressTimeoutMs] = [25_000, 7 * 3_600_000];
  return { owner, leaseMs, drainTimeoutMs, noProgressTimeoutMs, maxConcurrentJobs, parkedLimit };
}
