// Known-bad ways to take what an operator asks for, and to give a job up.
import type { State } from '../../../src/state/open-state.ts';
import type { Variant } from '../replica.ts';

/** A job that was asked to stop goes on, because nobody looks before the decision. */
export const cancelForgotten: Variant = {
  name: 'a wish to cancel is forgotten before the decision',
  state: (real, { execute }) =>
    withJobs(real, {
      heartbeat: async (...given) => ({ ...(await real.jobs.heartbeat(...given)), cancelRequested: [] }),
      decide: (lease, planNumber, set) => {
        const { organizationId, jobId } = lease;
        const job = 'organization_id = ? AND job_id = ?';
        execute(`UPDATE etl_jobs SET cancel_requested = 0 WHERE ${job}`, organizationId, jobId);
        return real.jobs.decide(lease, planNumber, set);
      },
    }),
};

/** A job that waits is started whether or not its organization is paused. */
export const startedWhilePaused: Variant = {
  name: 'a paused organization starts a job',
  state: (real, { execute }) =>
    withJobs(real, {
      async claim(key, ...given) {
        const claim = await real.jobs.claim(key, ...given);
        if (claim.kind !== 'paused') return claim;
        const pause = 'UPDATE client_billing_config SET paused = ? WHERE organization_id = ?';
        execute(pause, 0, key.organizationId);
        const second = await real.jobs.claim(key, ...given);
        execute(pause, 1, key.organizationId);
        return second;
      },
    }),
};

/** A job that changed hands twice is taken for one that kills its workers. */
export const givenUpTooEarly: Variant = {
  name: 'a job is given up before three processes have died under it',
  state: (real) =>
    withJobs(real, {
      async claim(...given) {
        const claim = await real.jobs.claim(...given);
        if (claim.kind !== 'claimed' || claim.job.status === 'COMMITTING' || claim.lease.epoch < 3)
          return claim;
        await real.jobs.fail(claim.lease, 'crash_loop', 'the worker process died');
        return { kind: 'crash_loop', message: 'the worker process died' };
      },
    }),
};

/** Without its dead letter nobody can replay the job, and nobody is told. */
export const failedSilently: Variant = {
  name: 'a job fails without a dead letter and an alert',
  state: (real, { execute }) =>
    withJobs(real, {
      async fail({ organizationId, jobId, epoch }, reason, message) {
        execute(
          `UPDATE etl_jobs SET status = 'FAILED', lease_expires_at = NULL, error_reason = ?, error_message = ? WHERE organization_id = ? AND job_id = ? AND lease_epoch = ? AND status = 'IN_PROGRESS'`,
          ...[reason, message, organizationId, jobId, epoch],
        );
        execute(
          'UPDATE client_billing_config SET active_job = NULL WHERE organization_id = ? AND active_job = ?',
          ...[organizationId, jobId],
        );
        return { kind: 'failed' };
      },
    }),
};

/** Whoever asked the job to stop before it was retried stops it again. */
export const retryKeepsCancelWish: Variant = {
  name: 'a retried job is still asked to stop',
  state: (real, { execute }) =>
    withJobs(real, {
      async retry(key) {
        const outcome = await real.jobs.retry(key);
        const job = 'organization_id = ? AND job_id = ? AND status = ?';
        const { organizationId, jobId } = key;
        execute(`UPDATE etl_jobs SET cancel_requested = 1 WHERE ${job}`, organizationId, jobId, 'QUEUED');
        return outcome;
      },
    }),
};

/** What is marked before it was published is lost with the replica that was about to publish it. */
export const letterMarkedTooEarly: Variant = {
  name: 'a dead letter is marked as published before it is',
  state: (real) => ({
    ...real,
    deadLetters: {
      ...real.deadLetters,
      async claimUnpublished(...given) {
        const letters = await real.deadLetters.claimUnpublished(...given);
        for (const { id } of letters) await real.deadLetters.markPublished(id);
        return letters;
      },
    },
  }),
};

/** A dead letter that could not be filed is acked all the same: nobody can look at it, or replay it. */
export const letterAckedUnfiled: Variant = {
  name: 'a dead letter is acked although it could not be filed',
  state: (real) => ({
    ...real,
    deadLetters: {
      ...real.deadLetters,
      record: (letter) => real.deadLetters.record(letter).catch(() => undefined),
    },
  }),
};

function withJobs(real: State, jobs: Partial<State['jobs']>): State {
  return { ...real, jobs: { ...real.jobs, ...jobs } };
}
