// Stands in for src/state/open-state.ts: the same stores, with every call of a transition counted and every claim reported.
import type * as opening from '../../../src/state/open-state.ts';
import type { JobStore } from '../../../src/state/job-store.ts';
import type { BatchStore } from '../../../src/state/batch-store.ts';
import type { DatabaseSettings, State } from '../../../src/state/open-state.ts';
import { realModule, report, spare, spareNoMore, watched, watchedCall } from './watch.ts';

const real = await realModule<typeof opening>(import.meta.url);

/** After so many deaths in a row a job is spared: two would let it run alone only, three would fail it. */
const DEATHS_ENOUGH = 1;

/** The real state; its jobs and batches are watched. */
export async function openState(settings: DatabaseSettings): Promise<State> {
  const state = await real.openState(settings);
  return { ...state, jobs: watchedJobs(state.jobs), batches: watchedBatches(state.batches) };
}

function watchedJobs(jobs: JobStore): JobStore {
  return watched<JobStore>('jobs', jobs, {
    claim: (key, ...given) =>
      watchedCall('jobs.claim', async () => {
        const outcome = await jobs.claim(key, ...given);
        const job = nameOf(key);
        if (outcome.kind === 'claimed') {
          report({ kind: 'claimed', job, epoch: outcome.lease.epoch });
          if (outcome.job.crashes >= DEATHS_ENOUGH) spare(job);
        } else spareNoMore(job);
        return outcome;
      }),
    // A message is looked at again after a run that lost its lease, which leaves nothing to be spared.
    admit: (request, ...given) =>
      watchedCall('jobs.admit', () => {
        spareNoMore(nameOf(request));
        return jobs.admit(request, ...given);
      }),
    decide: (lease, ...given) =>
      watchedCall('jobs.decide', async () => {
        const outcome = await jobs.decide(lease, ...given);
        spareNoMore(nameOf(lease));
        return outcome;
      }),
    interrupt: (lease) =>
      watchedCall('jobs.interrupt', async () => {
        const outcome = await jobs.interrupt(lease);
        spareNoMore(nameOf(lease));
        return outcome;
      }),
    finish: (key, ...given) =>
      watchedCall('jobs.finish', async () => {
        const outcome = await jobs.finish(key, ...given);
        spareNoMore(nameOf(key));
        return outcome;
      }),
  });
}

function watchedBatches(batches: BatchStore): BatchStore {
  return watched<BatchStore>('batches', batches, {
    record: (lease, planNumber, planned, acknowledged) =>
      watchedCall('batches.record', async () => {
        await batches.record(lease, planNumber, planned, acknowledged);
        if (acknowledged.length > 0) spareNoMore(nameOf(lease));
      }),
  });
}

function nameOf({ organizationId, jobId }: { organizationId: string; jobId: string }): string {
  return `${organizationId}/${jobId}`;
}
