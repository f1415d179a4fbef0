/** The plan a run works from: the recorded one while it can still be carried out, otherwise a new one under a new number. */
import type { JobRecord } from '../state/job-record.ts';
import { planJob, type PlanOutcome } from './plan-job.ts';
import { RunStopped, type NumberedRun, type PlannedRun, type Run } from './run.ts';
import { step } from './steps.ts';

/** Stores a new plan before anything is done by it; with nothing to copy the job is finished at once. */
export async function planRun(run: Run): Promise<PlannedRun | 'nothing_new'> {
  const { state, lease, job } = run;
  if (job.plan && isCarriedOutAgainst(run, job))
    return { ...run, plan: job.plan, planNumber: job.planNumber };
  const planNumber = job.plan ? await state.jobs.planAnew(lease) : job.planNumber;
  const numbered = { ...run, planNumber };
  const outcome = await step(numbered, 'plan', () => planAndStore(numbered), explain);
  if (outcome.kind === 'planned') return { ...numbered, plan: outcome.plan };
  run.observer.note(lease, 'nothing new to copy', { why: outcome.why });
  await finishWithNothing(numbered);
  return 'nothing_new';
}

/** A plan starts at the watermark it was made for; another job may have moved it while this one waited for a retry. */
function isCarriedOutAgainst(run: Run, job: JobRecord): boolean {
  return job.plan?.window.lo === run.organization.watermark;
}

async function planAndStore(run: NumberedRun): Promise<PlanOutcome> {
  const request = { jobType: run.job.jobType, window: run.job.window };
  const outcome = await planJob({ ...run, request });
  if (outcome.kind === 'planned') await run.state.jobs.storePlan(run.lease, outcome.plan);
  return outcome;
}

async function finishWithNothing({ state, lease, planNumber }: NumberedRun): Promise<void> {
  const nothing = { rowsRead: 0, rowsWritten: 0, bytesWritten: 0 };
  const ended = await state.jobs.finishEmpty(lease, planNumber, nothing);
  if (ended.kind === 'cancelled') throw new RunStopped('cancelled');
  if (ended.kind !== 'finished') throw new RunStopped('lease_lost');
}

function explain(outcome: PlanOutcome): Record<string, string> {
  return outcome.kind === 'planned'
    ? { write_path: outcome.plan.writePath, why: outcome.plan.writePathReason }
    : { why: outcome.why };
}
