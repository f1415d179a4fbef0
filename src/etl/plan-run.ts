/** The plan a run works from: the recorded one while it can still be carried out, otherwise a new one under a new number. */
import type { Organization } from '../job/organization.ts';
import { replacesWindow } from '../job/job.ts';
import type { Plan } from '../job/plan.ts';
import type { JobRecord } from '../state/job-record.ts';
import { tableName, type TableRef } from '../job/table-ref.ts';
import { assertDestinationNotAhead, planJob, type PlanOutcome } from './plan-job.ts';
import { RunStopped, type NumberedRun, type PlannedRun, type Run } from './run.ts';
import { dropStaging, usesStaging } from './staging.ts';
import { step } from './steps.ts';
import { isSameModule } from './transforms/module/module-transform-of.ts';

/** Stores a new plan before anything is done by it; with nothing to copy the job is finished at once. */
export async function planRun(run: Run): Promise<PlannedRun | 'nothing_new'> {
  const { lease, job } = run;
  if (job.plan && (await stillHolds(job.plan, run))) {
    // A database put back to a backup from the middle of a copy does not know that the copy was committed since.
    if (!replacesWindow(job.jobType)) await assertDestinationNotAhead(run, job.plan.window.lo);
    return { ...run, plan: job.plan, planNumber: job.planNumber };
  }
  const planNumber = job.plan ? await giveUp(run, job.plan) : job.planNumber;
  const numbered = { ...run, planNumber };
  const outcome = await step(numbered, 'plan', () => planAndStore(numbered), explain);
  if (outcome.kind === 'planned') return { ...numbered, plan: outcome.plan };
  run.observer.note(lease, 'nothing new to copy', { why: outcome.why });
  await finishWithNothing(numbered);
  return 'nothing_new';
}

/** The next plan number; what the old plan has staged can be decided on by nobody from now on. */
async function giveUp(run: Run, plan: Plan): Promise<number> {
  const planNumber = await run.state.jobs.planAnew(run.lease);
  const old = { ...run, plan, planNumber: run.job.planNumber };
  if (usesStaging(old)) await dropStaging(old);
  return planNumber;
}

/** A plan starts at a watermark and is for one source, destination, transform and cursor; any of them may have changed while the job waited. */
async function stillHolds(plan: Plan, { job, organization, settings }: Run): Promise<boolean> {
  const { transform, moduleTransform } = plan;
  return (
    startsWhereItMay(plan, job, organization) &&
    sameTable(plan.source, organization.source) &&
    sameTable(plan.destination, organization.destination) &&
    plan.transform === organization.transform &&
    plan.cursorField === organization.cursorField &&
    (!moduleTransform || (await isSameModule(transform, moduleTransform, settings.modules)))
  );
}

function startsWhereItMay({ window }: Plan, { jobType }: JobRecord, { watermark }: Organization): boolean {
  if (!replacesWindow(jobType)) return window.lo === watermark;
  return watermark !== undefined && window.hi <= watermark;
}

function sameTable(a: TableRef, b: TableRef): boolean {
  return tableName(a) === tableName(b);
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
