/** A verify job: compares both sides by day, keeps the ledger, has grown days repaired and raises the alarm over the rest. */
import { createHash } from 'node:crypto';
import { TerminalError } from '../job/errors.ts';
import type { Micros } from '../job/instant.ts';
import { jobName, type Window } from '../job/job.ts';
import { totalFingerprint, totalRows } from '../job/totals.ts';
import { refuseWhatIsUnsupported } from './capabilities.ts';
import { comparableColumns } from './comparable-columns.ts';
import { compareDays, type ComparedDay } from './compare-days.ts';
import { compareWithLedger } from './compare-with-ledger.ts';
import type { DestinationTable } from './destination.ts';
import { refuseLostDestination } from './lost-destination.ts';
import { existingSource } from './plan-job.ts';
import { windowText } from './requested-window.ts';
import { RunStopped, type NumberedRun, type Run } from './run.ts';
import type { Slice, SourceTable } from './source.ts';
import { step } from './steps.ts';
import { isModule } from './transforms/module/find-module.ts';
import { sqlTransformOf } from './transforms/sql-transform-of.ts';
import { verifiedDays, windowOfDay } from './verified-days.ts';

/** Ends the job as SUCCESS when every day is equal or going to be repaired; throws `verification_mismatch` otherwise. */
export async function verifyDays(run: Run): Promise<void> {
  const numbered = { ...run, planNumber: run.job.planNumber };
  const days = await step(numbered, 'verify', () => verifyAndRepair(numbered), detailOf);
  const rowsRead = days.reduce((rows, day) => rows + totalRows(day.source), 0);
  const counts = { rowsRead, rowsWritten: 0, bytesWritten: 0 };
  const ended = await run.state.jobs.finishEmpty(run.lease, numbered.planNumber, counts);
  if (ended.kind === 'cancelled') throw new RunStopped('cancelled');
  if (ended.kind !== 'finished') throw new RunStopped('lease_lost');
}

async function verifyAndRepair(run: NumberedRun): Promise<readonly ComparedDay[]> {
  const { watermark } = run.organization;
  const window = verifiedDays(run.job.window, watermark);
  const copy = window && (await existingCopy(run));
  if (!copy || watermark === undefined) {
    run.observer.note(run.lease, 'nothing has been copied yet that could be verified');
    return [];
  }
  const days = await compared(run, copy, window);
  await recordEqualDays(run, days);
  for (const { day, verdict } of days) {
    const why = WHY_REPAIRED[verdict.kind];
    if (why !== undefined) await enqueueRepair(run, day, watermark, why);
  }
  await raiseContradictions(run, days, window);
  return days;
}

const WHY_REPAIRED: Partial<Record<ComparedDay['verdict']['kind'], string>> = {
  grown: 'a day has grown at the source and is repaired',
  unrecorded: 'what a module made of a day is not on record completely, so that it is repaired',
};

/** The destination; undefined before the first rows, for which it is made: until then a watermark only says where they shall begin. */
async function existingCopy(run: NumberedRun): Promise<DestinationTable | undefined> {
  const copy = await run.destination.describe(run.organization.destination);
  if (!copy) await refuseLostDestination(run);
  return copy;
}

async function compared(
  run: NumberedRun,
  copy: DestinationTable,
  window: Window,
): Promise<readonly ComparedDay[]> {
  const { organization, source, destination } = run;
  refuseWhatIsUnsupported(organization);
  const table = await existingSource(run);
  const slice = await sliceToVerify(run, table, window);
  if (isModule(organization.transform)) return compareWithLedger(run, slice, table.schema, copy);
  // What a transform makes, only BigQuery can say.
  const { transformedSchema } = slice.transform ? await source.estimate(slice) : {};
  const columns = comparableColumns(transformedSchema ?? table.schema, organization);
  const [expected, found] = await Promise.all([
    source.dailyTotals(slice, columns),
    destination.dailyTotals(copy.table, copy.location, columns, window),
  ]);
  return compareDays(expected, found);
}

async function sliceToVerify(
  { organization, source, settings }: NumberedRun,
  table: SourceTable,
  window: Window,
): Promise<Slice> {
  const { location } = table;
  const snapshot = await source.currentTime(location, table.table);
  const transform = isModule(organization.transform)
    ? undefined
    : sqlTransformOf(organization, table, settings.sqlTransforms);
  const { cursorField } = organization;
  return { table: table.table, location, cursorField, window, snapshot, ...(transform && { transform }) };
}

async function recordEqualDays(
  { state, lease, organization }: NumberedRun,
  days: readonly ComparedDay[],
): Promise<void> {
  const equal = days.filter(({ verdict }) => verdict.kind === 'equal');
  if (isModule(organization.transform)) {
    await state.ledger.confirm(
      lease,
      equal.map(({ day }) => day),
    );
    return;
  }
  await state.ledger.upsert(
    lease,
    equal.map(({ day, source }) => ({
      sourceDay: day,
      rows: totalRows(source),
      totals: source,
      fingerprint: totalFingerprint(source),
    })),
  );
}

/** Queued under an id that is this job's and the day's own, so that repeating it queues nothing twice; a worker is called as for any job nobody holds. */
async function enqueueRepair(
  { state, lease, observer }: NumberedRun,
  day: string,
  watermark: Micros,
  why: string,
): Promise<void> {
  const { organizationId } = lease;
  const digest = createHash('sha256').update(lease.jobId).digest('hex').slice(0, 12);
  const jobId = `repair-${day}-${digest}`;
  const window = windowOfDay(day, watermark);
  const requestedBy = `verify ${lease.jobId}`.slice(0, 255);
  await state.jobs.admit({ organizationId, jobId, jobType: 'repair', window, requestedBy }, undefined);
  observer.note(lease, why, { day, repair_job_id: jobId });
}

/** A source that is only ever added to cannot do this, so nothing is mended by copying again. */
async function raiseContradictions(
  { state, lease, organization }: NumberedRun,
  days: readonly ComparedDay[],
  window: Window,
): Promise<void> {
  const wrong = days.flatMap(({ day, verdict }) =>
    verdict.kind === 'contradicted' ? [`${day}: ${verdict.differences.join('; ')}`] : [],
  );
  if (wrong.length === 0) return;
  const what = isModule(organization.transform)
    ? 'the source or the destination is not what it was when the rows were copied, other than by growing; look for who changed them, then copy the days again with pulse-billing-etl repair'
    : 'the source holds fewer rows than were copied, or as many with other sums, which a billing export never does';
  const message = `in ${windowText(window)} ${what}:\n${wrong.join('\n')}`;
  await state.alerts.record({
    kind: 'ledger_mismatch',
    key: lease,
    message: `${jobName(lease)}: ${message}`,
  });
  throw new TerminalError('verification_mismatch', message);
}

function detailOf(days: readonly ComparedDay[]) {
  const which = (kind: ComparedDay['verdict']['kind']): string[] =>
    days.filter(({ verdict }) => verdict.kind === kind).map(({ day }) => day);
  const unrecorded = which('unrecorded');
  return { days: days.length, grown: which('grown'), ...(unrecorded.length > 0 && { unrecorded }) };
}
