// One load: real workers with their own connections on one database; resolves when every message is acked.
import assert from 'node:assert/strict';
import { processClock } from '../../src/app/process-clock.ts';
import { jobName, type JobKey } from '../../src/job/job.ts';
import { openState, type DatabaseSettings, type State } from '../../src/state/open-state.ts';
import { crewInThisProcess } from './crew.ts';
import { crewOfProcesses } from './crew-of-processes.ts';
import type { Load } from './given-load.ts';
import { MessageQueue } from './message-queue.ts';
import { epochMs, messageFor, type RunTold } from './new-worker.ts';
import { configureOrganizations } from './warehouses.ts';

const PREFETCH = 2;
const LOOK_MS = 50;

/** Milliseconds since the job's message was there. */
export type JobTimes = { readonly key: JobKey; readonly startedMs: number; readonly endedMs: number };

export type LoadResult = {
  readonly times: readonly JobTimes[];
  /** From the first message to the last end of a run. */
  readonly seconds: number;
  /** Calls of both warehouses, by operation. */
  readonly calls: ReadonlyMap<string, number>;
};

/** What watches a load while it goes on: begins when the messages are published, looks again and again, ends with the last run. */
export type LoadWatch = {
  begin(workerProcesses: readonly number[]): Promise<void>;
  look(): Promise<void>;
  end(): Promise<void>;
};

/** Migrates the database, carries the load, and fails unless every job ended in SUCCESS and every copy holds its rows once. */
export async function carryLoad(load: Load, watch?: LoadWatch): Promise<LoadResult> {
  const organizations = [...new Set(load.jobs.map(({ organizationId }) => organizationId))];
  // Its connections would be counted among the workers'.
  await withState(load.database, async (state) => {
    await state.migrate();
    await configureOrganizations(state, organizations);
  });
  const queue = new MessageQueue(load.maxConcurrentJobs + PREFETCH + load.parkedLimit);
  const runs = { started: new Map<string, number>(), ended: new Map<string, number>() };
  const onRun: RunTold = (what, key, atMs) => {
    const name = jobName(key);
    if (what === 'ended' || !runs.started.has(name)) runs[what].set(name, atMs);
  };
  const crew = await (load.processes ? crewOfProcesses : crewInThisProcess)(
    load,
    organizations,
    queue,
    onRun,
  );
  crew.start();
  await watch?.begin(crew.pids);
  const published = publish(load, queue);
  while (runs.ended.size < load.jobs.length) {
    await processClock.sleep(LOOK_MS);
    await watch?.look();
  }
  await watch?.end();
  await published.done;
  await allAcked(queue, load);
  const calls = await crew.finish();
  await withState(load.database, (state) => proveThatAllSucceeded(state, load.jobs));
  const times = load.jobs.map((key) => {
    const name = jobName(key);
    const at = published.atMs.get(name) ?? NaN;
    return {
      key,
      startedMs: (runs.started.get(name) ?? NaN) - at,
      endedMs: (runs.ended.get(name) ?? NaN) - at,
    };
  });
  const seconds = (Math.max(...runs.ended.values()) - Math.min(...published.atMs.values())) / 1_000;
  return { times, seconds, calls };
}

/** Publishes in order; atMs says when each was published. */
function publish(
  { jobs, overMs = 0 }: Load,
  queue: MessageQueue,
): { atMs: Map<string, number>; done: Promise<void> } {
  const atMs = new Map<string, number>();
  const publishSome = (keys: readonly JobKey[]): void => {
    for (const key of keys) atMs.set(jobName(key), epochMs());
    queue.publish(keys.map((key) => ({ messageId: jobName(key), data: messageFor(key) })));
  };
  const beganMs = epochMs();
  const publishAll = async (): Promise<void> => {
    while (atMs.size < jobs.length) {
      const part = overMs === 0 ? 1 : Math.min(1, (epochMs() - beganMs) / overMs);
      publishSome(jobs.slice(atMs.size, Math.ceil(part * jobs.length)));
      if (atMs.size < jobs.length) await processClock.sleep(overMs / jobs.length);
    }
  };
  return { atMs, done: publishAll() };
}

async function allAcked(queue: MessageQueue, { jobs }: Load): Promise<void> {
  while (queue.acked < jobs.length) await processClock.sleep(LOOK_MS);
}

async function withState<T>(settings: DatabaseSettings, work: (state: State) => Promise<T>): Promise<T> {
  const state = await openState(settings);
  return work(state).finally(() => state.close());
}

async function proveThatAllSucceeded(state: State, jobs: readonly JobKey[]): Promise<void> {
  for (const key of jobs) {
    const job = await state.jobs.find(key);
    assert.equal(job?.status, 'SUCCESS', `${jobName(key)}: ${job?.errorMessage}`);
  }
}
