/** One run of one job, from claim to the end it comes to; reads like the way of a message. */
import { asJobError, LeaseLostError, TransientError } from '../job/errors.ts';
import type { JsonObject } from '../state/json.ts';
import { decide, rollForward } from './commit.ts';
import { abandonCopy, copyRows, type PreparedRows } from './copy-rows.ts';
import { ensureDestination } from './ensure-destination.ts';
import { ensureQuarantine } from './ensure-quarantine.ts';
import { refuseLostDestination } from './lost-destination.ts';
import { planRun } from './plan-run.ts';
import { RunStopped, type PlannedRun, type Run } from './run.ts';
import { settleFailure, settleStop, type Settled } from './settle-run.ts';
import { copyIntoStaging } from './stage-streams.ts';
import { stageRows } from './stage-by-query.ts';
import { dropStaging, usesStaging } from './staging.ts';
import { step } from './steps.ts';
import { verifyDays } from './verify-days.ts';
import { verify } from './verify.ts';

/** How a run ended; everything but `unsettled` is recorded in the database. */
export type RunOutcome = { readonly kind: 'needs_operator' } | Settled;

/** Never throws: errors and stops are settled in the database and told as the outcome. */
export async function runJob(run: Run): Promise<RunOutcome> {
  try {
    return run.job.status === 'COMMITTING' ? await rollOn(run) : await carryOut(run);
  } catch (thrown) {
    const stopped: unknown = thrown instanceof RunStopped ? thrown : run.signal.reason;
    if (stopped instanceof RunStopped) return settleStop(run, stopped.stopCause);
    return settleFailure(run, asJobError(thrown));
  }
}

async function carryOut(run: Run): Promise<RunOutcome> {
  if (run.job.jobType === 'verify') {
    await verifyDays(run);
    return { kind: 'success' };
  }
  const planned = await planRun(run);
  if (planned === 'nothing_new') return { kind: 'success' };
  await step(
    planned,
    'ensure_destination',
    () => ensure(planned),
    (changes) => ({ changes: [...changes] }),
  );
  const prepared = await prepare(planned);
  await step(
    planned,
    'verify',
    () => verify(planned, prepared),
    () => ({ level: planned.plan.verifyLevel }),
  );
  run.signal.throwIfAborted();
  const decision = await decide(planned, prepared);
  switch (decision.kind) {
    case 'finished':
      return { kind: 'success' };
    case 'cancelled':
      return settleStop(run, 'cancelled');
    case 'plan_anew':
      await abandon(planned);
      await run.state.jobs.planAnew(run.lease);
      return carryOut(await reread(run));
    case 'decided':
      return rollOn(await reread(run));
  }
}

/** Everything after the decision: commit the recorded set and finish; no stop is heeded, since only going on is safe. */
async function rollOn(run: Run): Promise<RunOutcome> {
  const { plan, planNumber, commitSet } = run.job;
  if (!plan || !commitSet)
    throw new TransientError('unknown', 'the job is COMMITTING without a plan and a commit set');
  const committing = { ...run, plan, planNumber };
  const outcome = await step(
    committing,
    'commit',
    () => rollForward(committing, commitSet),
    ({ kind }) => ({ outcome: kind }),
  );
  switch (outcome.kind) {
    case 'finished':
      return { kind: 'success' };
    case 'plan_anew':
      return carryOut(await reread(run));
    case 'unprovable':
      await run.state.jobs.needOperator(run.lease, outcome.message);
      return { kind: 'needs_operator' };
  }
}

/** Puts every row of the plan where nobody sees it yet: through this process, or within the warehouse. */
function prepare(run: PlannedRun): Promise<PreparedRows> {
  if (run.plan.writePath === 'query') return step(run, 'load', () => stageRows(run));
  const copy = () => (usesStaging(run) ? copyIntoStaging : copyRows)(run);
  const load = () => step(run, 'extract', () => step(run, 'load', copy));
  return run.plan.moduleTransform ? step(run, 'transform', load, transformDetail) : load();
}

function transformDetail({ rowsRead, rowsDropped, rowsRejected }: PreparedRows): JsonObject {
  return { rows_read: rowsRead, rows_dropped: rowsDropped, rows_rejected: rowsRejected };
}

function abandon(run: PlannedRun): Promise<void> {
  return usesStaging(run) ? dropStaging(run) : abandonCopy(run);
}

async function ensure(run: PlannedRun): Promise<readonly string[]> {
  const { destination, organization, plan } = run;
  const changes = await ensureDestination(destination, organization, plan, () => refuseLostDestination(run));
  return [...changes, ...(await ensureQuarantine(destination, organization, plan))];
}

/** The run with its job and organization as the database has them now. */
async function reread(run: Run): Promise<Run> {
  const job = await run.state.jobs.find(run.lease);
  const organization = await run.state.organizations.find(run.lease.organizationId);
  if (!job || !organization) throw new LeaseLostError('the job or its organization was removed');
  return { ...run, job, organization };
}
