// Known-bad ways to commit by a job and to replace rows.
import type { Variant } from '../replica.ts';

/** Rows of a window are added to those that are there. */
export const repairAppends: Variant = {
  name: 'a repair adds rows instead of replacing them',
  destination: (real) => ({ ...real, commitJob: (rows) => real.commitJob({ ...rows, replaces: undefined }) }),
};

/** An id of each owner's own fences nothing: the next owner inserts the job again. */
export const commitJobOfEachOwner: Variant = {
  name: 'each owner inserts the commit job under an id of its own',
  destination: (real, { gate }) => ({
    ...real,
    runCommitJob: (set) => real.runCommitJob({ ...set, jobId: `${set.jobId}_${gate.replica}` }),
  }),
};

/** What comes after the window of a repair is copied a second time. */
export const repairMovesWatermark: Variant = {
  name: 'a repair moves the watermark',
  state: (real, { gate, execute }) => ({
    ...real,
    jobs: {
      ...real.jobs,
      async finish(key, ...given) {
        const outcome = await real.jobs.finish(key, ...given);
        const job = await real.jobs.find(key);
        if (job?.jobType === 'repair' || job?.jobType === 'backfill')
          await gate.call('state.organizations.moveWatermark', () =>
            execute(
              'UPDATE client_billing_config SET last_successful_run = ? WHERE organization_id = ?',
              job.plan?.window.hi,
              key.organizationId,
            ),
          );
        return outcome;
      },
    },
  }),
};
