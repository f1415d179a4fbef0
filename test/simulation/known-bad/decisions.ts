// Known-bad ways to decide and to commit: each puts something else in the place of "decide in the database, then only roll forward".
import type { CommitSet } from '../../../src/job/commit-set.ts';
import { jobName, type JobKey } from '../../../src/job/job.ts';
import type { State } from '../../../src/state/open-state.ts';
import type { Variant } from '../replica.ts';

/** Protocol A: a look at the lease, then the commit, and only then a record of it. */
export const leaseCheckBeforeCommit: Variant = {
  name: 'protocol A: lease check before the commit, no recorded decision',
  state: (real) => {
    const checked = new Map<string, CommitSet>();
    return withJobs(real, {
      async decide(lease, _planNumber, set) {
        const job = await real.jobs.find(lease);
        if (job?.leaseEpoch !== lease.epoch) return { kind: 'lost' };
        checked.set(jobName(lease), set);
        return { kind: 'decided', set };
      },
      find: (key) => withSet(real, key, checked.get(jobName(key))),
    });
  },
};

/** Protocol C: the decision is recorded, but whoever takes the job over writes streams of its own. */
export const newStreamsAfterDecision: Variant = {
  name: 'protocol C: a new owner writes new streams after the decision',
  state: (real) => {
    const rewritten = new Map<string, CommitSet | undefined>();
    return {
      ...withJobs(real, {
        async claim(key, owner, leaseMs) {
          const claim = await real.jobs.claim(key, owner, leaseMs);
          if (claim.kind !== 'claimed' || claim.job.status !== 'COMMITTING') return claim;
          rewritten.set(jobName(key), undefined);
          return { ...claim, job: { ...claim.job, status: 'IN_PROGRESS' } };
        },
        async decide(lease, planNumber, set) {
          if (!rewritten.has(jobName(lease))) return real.jobs.decide(lease, planNumber, set);
          rewritten.set(jobName(lease), set);
          return { kind: 'decided', set };
        },
        find: (key) => withSet(real, key, rewritten.get(jobName(key))),
      }),
      steps: {
        ...real.steps,
        get: (key, planNumber, step) =>
          rewritten.has(jobName(key)) && step === 'extract'
            ? Promise.resolve(undefined)
            : real.steps.get(key, planNumber, step),
      },
    };
  },
};

/** A commit that failed is given up, and its rows are copied and committed again under another set. */
export const ambiguousCommitUnderNewSet: Variant = {
  name: 'an ambiguous commit is tried again under a new set',
  state: (real) =>
    withJobs(real, {
      async retryLater(lease, reason, message, delayMs) {
        const job = await real.jobs.find(lease);
        if (job?.status === 'COMMITTING' && job.commitSet)
          await real.jobs.replanAfterNoEffect(lease, job.commitSet);
        return real.jobs.retryLater(lease, reason, message, delayMs);
      },
    }),
};

/** A commit whose reply was lost is taken for done. */
export const commitAssumed: Variant = {
  name: 'a commit whose reply was lost is taken for done',
  destination: (real) => ({
    ...real,
    commitWriteStreams: (table, streams) =>
      real.commitWriteStreams(table, streams).catch(() => ({ kind: 'committed' })),
  }),
};

/** SUCCESS first, the watermark in a transaction of its own. */
export const watermarkOutsideTransaction: Variant = {
  name: 'the watermark moves outside the transaction',
  state: (real, { gate, execute }) =>
    withJobs(real, {
      async finish(key, _set, { rowsWritten }) {
        const { organizationId, jobId } = key;
        const hi = (await real.jobs.find(key))?.plan?.window.hi ?? null;
        await gate.call('state.jobs.succeed', () => {
          execute(
            `UPDATE etl_jobs SET status = 'SUCCESS', lease_expires_at = NULL, rows_written = ? WHERE organization_id = ? AND job_id = ?`,
            rowsWritten,
            organizationId,
            jobId,
          );
          execute(
            'UPDATE client_billing_config SET active_job = NULL WHERE organization_id = ?',
            organizationId,
          );
        });
        await gate.call('state.organizations.moveWatermark', () =>
          execute(
            'UPDATE client_billing_config SET last_successful_run = ? WHERE organization_id = ?',
            hi,
            organizationId,
          ),
        );
        return { kind: 'finished' };
      },
    }),
};

function withJobs(real: State, jobs: Partial<State['jobs']>): State {
  return { ...real, jobs: { ...real.jobs, ...jobs } };
}

/** The job as if this set were recorded. */
async function withSet(real: State, key: JobKey, set: CommitSet | undefined) {
  const job = await real.jobs.find(key);
  return job && set ? { ...job, status: 'COMMITTING' as const, commitSet: set } : job;
}
